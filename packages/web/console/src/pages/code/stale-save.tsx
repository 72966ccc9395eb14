/** Somebody else saved meanwhile: shows both texts, and lets the person choose. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { Unit } from './code-api.ts'
import { LazyDifference } from './lazy-difference.tsx'

type Props = {
  opened: boolean
  onClose: () => void
  current: Unit
  text: () => string
  onOver: () => void
  onTake: () => void
}

export function StaleSave({ opened, onClose, current, text, onOver, onTake }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="Somebody else saved meanwhile" size="80rem">
      <Stack>
        <Text size="sm">
          Nothing was overwritten. Version {current.version} is current now. Below it stands beside your text; what you
          do not want to lose of it, take over before you save yours on top.
        </Text>
        {opened && (
          <LazyDifference
            before={current.code}
            after={text()}
            labels={[`Version ${current.version}, current`, 'Your text']}
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            Keep editing
          </Button>
          <Button variant="default" onClick={onTake}>
            Take version {current.version}, drop mine
          </Button>
          <Button color="#ad3d0b" onClick={onOver}>
            Save mine on top
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
