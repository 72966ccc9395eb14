/** Info: how programs reach the system, and its settings. */
import { Stack, Tabs } from '@mantine/core'
import { Outlet, useLocation, useNavigate } from 'react-router'
import { useSystemKey } from '../../frame/system-frame.tsx'

export function InfoPage() {
  const key = useSystemKey()
  const { pathname } = useLocation()
  const navigate = useNavigate()
  const place = pathname.includes('/info/settings') ? 'settings' : 'connect'
  return (
    <Tabs
      value={place}
      onChange={(value) => navigate(`/systems/${key}/info${value === 'settings' ? '/settings/properties' : ''}`)}
    >
      <Tabs.List aria-label="Info">
        <Tabs.Tab value="connect">Connect</Tabs.Tab>
        <Tabs.Tab value="settings">System Settings</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value={place} pt="md">
        <Stack>
          <Outlet />
        </Stack>
      </Tabs.Panel>
    </Tabs>
  )
}
