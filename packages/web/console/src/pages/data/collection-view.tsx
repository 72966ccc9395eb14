/** The toolbar of a collection, its filter and its grid, and the dialogs behind them. */
import { Group, Stack, Text, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import { CollectionWrench } from './collection-wrench.tsx'
import { type Collection, type Column, countQuery, deleteRows, rowsKey, type View } from './data-api.ts'
import { DeleteAll } from './delete-all.tsx'
import { Filter } from './filter.tsx'
import { Grid } from './grid.tsx'
import { ImportRows } from './import-rows.tsx'
import { NewColumn } from './new-column.tsx'
import { NewRow } from './new-row.tsx'
import { Toolbar } from './toolbar.tsx'
import { liveMs } from './use-rows.ts'

export type DialogName = 'row' | 'column' | 'delete' | 'delete-all' | 'wrench' | 'import'

type Props = { systemKey: string; collection: Collection; columns: Column[] }

export function CollectionView({ systemKey, collection, columns }: Props) {
  const { collectionID: id, name } = collection
  const queries = useQueryClient()
  const [view, showView] = useState<View>({ conditions: [], sort: undefined })
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  /** Rows that a filter takes out of sight are not deleted with those in sight. */
  const setView = (next: View): void => {
    if (next.conditions !== view.conditions) setSelected(new Set())
    showView(next)
  }
  const [filtering, setFiltering] = useState(false)
  const [dialog, setDialog] = useState<DialogName>()
  const close = () => setDialog(undefined)
  const count = useQuery({ ...countQuery(id, view), refetchInterval: liveMs, placeholderData: (before) => before })
  const refresh = () => queries.invalidateQueries({ queryKey: ['collection', id] })
  const rowsChanged = () => queries.invalidateQueries({ queryKey: rowsKey(id) })
  const filtered = view.conditions.length > 0
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Group gap="xs" style={{ minWidth: 0 }}>
          <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Title>
          <Text size="sm" c="dimmed" role="status">
            {count.data === undefined ? '' : `${count.data.toLocaleString()} row${count.data === 1 ? '' : 's'}`}
            {filtered && count.data !== undefined ? (count.data === 1 ? ' matches' : ' match') : ''}
          </Text>
        </Group>
        <Toolbar
          id={id}
          name={name}
          columns={columns}
          view={view}
          selected={selected.size}
          onFilter={() => setFiltering(!filtering)}
          onRefresh={refresh}
          onOpen={setDialog}
        />
      </Group>
      {(filtering || filtered) && (
        <Filter
          columns={columns}
          conditions={view.conditions}
          onChange={(conditions) => setView({ ...view, conditions })}
          onClose={() => {
            setFiltering(false)
            setView({ ...view, conditions: [] })
          }}
        />
      )}
      {count.isError && <Failure error={count.error} title="The rows cannot be counted" />}
      {count.data === 0 && (
        <Text size="sm" c="dimmed">
          {filtered
            ? 'No row matches the filter.'
            : columns.length === 1
              ? 'There is no column beside item_id yet. Press + Column, then + Row; or import a file, which brings its columns along.'
              : 'There is no row yet. Press + Row, or import a file.'}
        </Text>
      )}
      <Grid
        id={id}
        name={name}
        columns={columns}
        count={count.data ?? 0}
        view={view}
        onView={setView}
        selected={selected}
        onSelect={setSelected}
      />
      <NewRow opened={dialog === 'row'} onClose={close} id={id} columns={columns} onDone={rowsChanged} />
      <NewColumn opened={dialog === 'column'} onClose={close} id={id} onDone={refresh} />
      <Confirm
        opened={dialog === 'delete'}
        onClose={close}
        title={`Delete ${selected.size} row${selected.size === 1 ? '' : 's'}?`}
        label="Delete"
        action={async () => {
          const gone = await deleteRows(id, [...selected])
          setSelected(new Set())
          await rowsChanged()
          tellDone(`${gone} row${gone === 1 ? ' is' : 's are'} deleted`)
        }}
      >
        They are gone for good.
      </Confirm>
      <DeleteAll opened={dialog === 'delete-all'} onClose={close} collection={collection} onDone={rowsChanged} />
      <ImportRows
        opened={dialog === 'import'}
        onClose={close}
        collection={collection}
        columns={columns}
        onDone={refresh}
      />
      <CollectionWrench
        opened={dialog === 'wrench'}
        onClose={close}
        systemKey={systemKey}
        collection={collection}
        columns={columns}
        onDone={refresh}
      />
    </Stack>
  )
}
