/** The buttons over the grid. */
import { ActionIcon, Button, Group, Menu, Tooltip } from '@mantine/core'
import {
  type Icon,
  IconColumnInsertRight,
  IconDownload,
  IconFilter,
  IconMinus,
  IconPlus,
  IconRefresh,
  IconTool,
  IconTrash,
  IconUpload,
} from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { tellDone, tellFailed } from '../../frame/tell.ts'
import type { DialogName } from './collection-view.tsx'
import type { Column, View } from './data-api.ts'
import { download, type Format } from './files.ts'

type Props = {
  id: string
  name: string
  columns: Column[]
  view: View
  /** How many rows are selected. */
  selected: number
  onFilter: () => void
  onRefresh: () => unknown
  onOpen: (dialog: DialogName) => void
}

export function Toolbar({ id, name, columns, view, selected, onFilter, onRefresh, onOpen }: Props) {
  const saving = useMutation({
    mutationFn: (format: Format) => download(id, name, columns, view, format),
    onSuccess: (count) => tellDone(`${count.toLocaleString()} rows are exported`),
    onError: (error) => tellFailed(error, 'Not exported'),
  })
  return (
    <Group gap="xs">
      <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => onOpen('row')}>
        Row
      </Button>
      <Button variant="default" leftSection={<IconColumnInsertRight size={16} />} onClick={() => onOpen('column')}>
        Column
      </Button>
      <Button
        variant="default"
        leftSection={<IconMinus size={16} />}
        disabled={selected === 0}
        onClick={() => onOpen('delete')}
      >
        Row{selected > 0 ? ` (${selected})` : ''}
      </Button>
      <Button
        variant="subtle"
        color="red"
        leftSection={<IconTrash size={16} />}
        px="xs"
        onClick={() => onOpen('delete-all')}
      >
        Delete All
      </Button>
      <Group gap={4}>
        <Tool label="Filter" icon={IconFilter} onClick={onFilter} />
        <Tool label="Import a file" icon={IconUpload} onClick={() => onOpen('import')} />
        <Menu>
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label="Export" title="Export" loading={saving.isPending}>
              <IconDownload size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{view.conditions.length > 0 ? 'Rows that match' : 'All rows'}</Menu.Label>
            <Menu.Item onClick={() => saving.mutate('csv')}>As CSV</Menu.Item>
            <Menu.Item onClick={() => saving.mutate('json')}>As JSON</Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <Tool label="Refresh" icon={IconRefresh} onClick={onRefresh} />
        <Tool label="Wrench: properties, columns, security" icon={IconTool} onClick={() => onOpen('wrench')} />
      </Group>
    </Group>
  )
}

function Tool({ label, icon: Icon, onClick }: { label: string; icon: Icon; onClick: () => unknown }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={36} aria-label={label} onClick={onClick}>
        <Icon size={18} />
      </ActionIcon>
    </Tooltip>
  )
}
