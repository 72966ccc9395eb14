/** Somebody else saved meanwhile: shows both states, and lets the person choose. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { LazyDifference } from '../code/lazy-difference.tsx'
import { isObject } from './model/config.ts'
import { type Stored, type Work, workOf } from './model/portal.ts'

type Props = {
  opened: boolean
  onClose: () => void
  current: Stored
  work: Work
  saving: boolean
  onOver: () => void
  onTake: () => void
}

/** Keys in one order on both sides, since what was stored has them sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]))
}

const lines = ({ config, description }: Work): string => JSON.stringify(sorted({ description, config }), null, 2)

export function StalePortal({ opened, onClose, current, work, saving, onOver, onTake }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="Somebody else saved meanwhile" size="80rem">
      <Stack>
        <Text size="sm">
          Nothing was overwritten, and nothing of yours is lost. Below what is stored now stands beside what you have.
          What you do not want to lose of it, make again here before you save yours on top.
        </Text>
        {opened && (
          <LazyDifference before={lines(workOf(current))} after={lines(work)} labels={['Stored now', 'Yours']} />
        )}
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            Keep editing
          </Button>
          <Button variant="default" onClick={onTake}>
            Take what is stored, drop mine
          </Button>
          <Button color="#ad3d0b" loading={saving} onClick={onOver}>
            Save mine on top
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
