/** System Settings, tab by tab. Each tab saves for itself. */
import { Tabs } from '@mantine/core'
import { useNavigate, useParams } from 'react-router'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { AccessTab } from './access.tsx'
import { MessagesTab } from './messages.tsx'
import { PropertiesTab } from './properties.tsx'
import { SecretsTab } from './secrets.tsx'
import { SharingTab } from './sharing.tsx'

const tabs = {
  properties: { label: 'Properties', Tab: PropertiesTab },
  access: { label: 'Access', Tab: AccessTab },
  messages: { label: 'Messages', Tab: MessagesTab },
  secrets: { label: 'Secrets', Tab: SecretsTab },
  sharing: { label: 'Sharing', Tab: SharingTab },
} as const

type TabName = keyof typeof tabs
const names = Object.keys(tabs) as TabName[]

export function SettingsPage() {
  const key = useSystemKey()
  const navigate = useNavigate()
  const { tab } = useParams()
  const chosen: TabName = names.find((name) => name === tab) ?? 'properties'
  const { Tab } = tabs[chosen]
  return (
    <>
      <PageHead title="System Settings" size="h3" />
      <Tabs
        variant="outline"
        value={chosen}
        onChange={(value) => navigate(`/systems/${key}/info/settings/${value}`)}
        keepMounted={false}
      >
        <Tabs.List aria-label="System Settings">
          {names.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {tabs[name].label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={chosen} pt="md">
          <Tab />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}
