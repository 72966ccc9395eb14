/** The buttons over the editor. */
import { ActionIcon, Button, Group, Tooltip } from '@mantine/core'
import {
  type Icon,
  IconDeviceFloppy,
  IconHistory,
  IconListDetails,
  IconPlayerPlay,
  IconTool,
  IconTrash,
} from '@tabler/icons-react'
import type { DialogName } from './workbench.tsx'

type Props = {
  service: boolean
  saving: boolean
  running: boolean
  /** How many test parameters have a value. */
  given: number
  onSave: () => void
  onTest: () => void
  onOpen: (dialog: DialogName) => void
}

export function Tools({ service, saving, running, given, onSave, onTest, onOpen }: Props) {
  return (
    <Group gap="xs">
      {service && (
        <Button variant="subtle" px="xs" onClick={() => onOpen('parameters')}>
          Test Parameters{given > 0 ? ` (${given})` : ''}
        </Button>
      )}
      <Button
        variant="default"
        leftSection={<IconDeviceFloppy size={16} />}
        loading={saving}
        title="Ctrl+S"
        onClick={onSave}
      >
        Save
      </Button>
      {service && (
        <Button
          color="#1f7a33"
          leftSection={<IconPlayerPlay size={16} />}
          loading={running}
          disabled={saving}
          onClick={onTest}
        >
          Save and Test
        </Button>
      )}
      <Group gap={4}>
        <Tool label="Wrench: properties, requires, security" icon={IconTool} onClick={() => onOpen('wrench')} />
        <Tool label="Versions" icon={IconHistory} onClick={() => onOpen('versions')} />
        {service && <Tool label="Code History" icon={IconListDetails} onClick={() => onOpen('history')} />}
        <Tool label="Delete" icon={IconTrash} onClick={() => onOpen('remove')} />
      </Group>
    </Group>
  )
}

function Tool({ label, icon: Icon, onClick }: { label: string; icon: Icon; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={36} aria-label={label} onClick={onClick}>
        <Icon size={18} />
      </ActionIcon>
    </Tooltip>
  )
}
