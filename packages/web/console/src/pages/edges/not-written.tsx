/** What came to an edge and could not be written there, with why, and the button that sends it once more. */
import { Alert, Box, Button, List, Text } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone, tellFailed } from '../../frame/tell.ts'
import { assetName, type Edge } from './shapes.ts'

const mostShown = 20

export function NotWritten({ edge: { name, lanes, set_aside: aside } }: { edge: Edge }) {
  const key = useSystemKey()
  const [busy, setBusy] = useState(false)
  const stopped = Object.entries(lanes).filter(([, lane]) => lane.stopped !== '')
  if (stopped.length + aside.length === 0) return null
  const retry = async (): Promise<void> => {
    setBusy(true)
    try {
      await ask(`/admin/${key}/sync/retry/edge/${encodeURIComponent(name)}`, { method: 'POST', body: {} })
      tellDone(`What ${name} could not write is sent once more: now, or when it links.`)
    } catch (error) {
      tellFailed(error)
    }
    setBusy(false)
  }
  return (
    <Box role="group" aria-label={`Not written at ${name}`}>
      <Alert color="red" mt="sm" p="xs" title="Not as it is here">
        <List size="sm" withPadding>
          {stopped.map(([lane, { stopped: why }]) => (
            <List.Item key={lane}>
              Nothing more of {lane} goes there: {why}
            </List.Item>
          ))}
          {aside.slice(0, mostShown).map((one) => (
            <List.Item key={JSON.stringify([one.asset_class, one.asset_id, one.part])}>
              {[assetName(one), one.part].filter((text) => text !== '').join(', ')}: {one.reason}
            </List.Item>
          ))}
        </List>
        {aside.length > mostShown && <Text size="sm">and {aside.length - mostShown} more</Text>}
        <Button
          mt="xs"
          size="xs"
          variant="default"
          loading={busy}
          leftSection={<IconRefresh size={14} />}
          aria-label={`Try again at ${name}`}
          onClick={() => void retry()}
        >
          Try again
        </Button>
      </Alert>
    </Box>
  )
}
