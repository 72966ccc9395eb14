/** Somebody else wrote the cell meanwhile: shows both values, and lets the person choose. */
import { Alert, Button, Code, Group, Modal, SimpleGrid, Stack, Text } from '@mantine/core'
import type { Cells } from './use-cells.ts'
import { shown } from './values.ts'

export function StaleCell({ cells }: { cells: Cells }) {
  const { stale } = cells
  return (
    <Modal opened={stale !== undefined} onClose={cells.keepTheirs} title="Somebody else changed this cell" size="lg">
      {stale !== undefined && (
        <Stack>
          <Text size="sm">
            {stale.editing.column.ColumnName} is not what it was when you began. Nothing was written.
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            <Side title="When you began" value={stale.editing.before} />
            <Side title="Now" value={stale.now} />
            <Side title="Yours" value={stale.mine} />
          </SimpleGrid>
          {cells.wrong !== '' && (
            <Alert color="red" role="alert" title="Not written">
              {cells.wrong}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" data-autofocus onClick={cells.keepTheirs}>
              Keep what is there
            </Button>
            <Button color="#ad3d0b" loading={cells.writing} onClick={cells.writeMine}>
              Write mine
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  )
}

const Side = ({ title, value }: { title: string; value: unknown }) => (
  <div>
    <Text size="sm" fw={600} mb={4}>
      {title}
    </Text>
    <Code block mah={240} style={{ overflow: 'auto', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
      {value === null ? 'null' : shown(value)}
    </Code>
  </div>
)
