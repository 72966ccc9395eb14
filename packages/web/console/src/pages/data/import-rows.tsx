/** The dialog that takes rows in from a CSV or JSON file. */
import { Alert, Button, Checkbox, FileInput, Group, Modal, Progress, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Collection, type Column, changeCollection, insertRows } from './data-api.ts'
import { guessType, type Parsed, readRows, rowsFor } from './files.ts'

type Props = {
  opened: boolean
  onClose: () => void
  collection: Collection
  columns: Column[]
  onDone: () => unknown
}

export function ImportRows({ opened, onClose, ...rest }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="Import rows" size="lg">
      <Form onClose={onClose} {...rest} />
    </Modal>
  )
}

/** Rows of one call: all of them or none. */
const insertedAtOnce = 1_000
const longestCall = 4_000_000

function* portions(rows: Record<string, unknown>[]): Generator<Record<string, unknown>[]> {
  let portion: Record<string, unknown>[] = []
  let length = 0
  for (const row of rows) {
    const size = JSON.stringify(row).length
    if (portion.length > 0 && (portion.length >= insertedAtOnce || length + size > longestCall)) {
      yield portion
      portion = []
      length = 0
    }
    portion.push(row)
    length += size
  }
  if (portion.length > 0) yield portion
}

function Form({ onClose, collection, columns, onDone }: Omit<Props, 'opened'>) {
  const [file, setFile] = useState<File | null>(null)
  const [keepIds, setKeepIds] = useState(true)
  const [addColumns, setAddColumns] = useState(true)
  const [done, setDone] = useState(0)
  const read = useMutation({ mutationFn: readRows })
  const parsed: Parsed | undefined = read.data
  const known = new Map(columns.map(({ ColumnName, ColumnType }) => [ColumnName, ColumnType]))
  const missing = (parsed?.names ?? [])
    .filter((name) => name !== '' && !known.has(name))
    .map((name) => ({ name, type: guessType(parsed!, name) }))
  const take = useMutation({
    mutationFn: async () => {
      setDone(0)
      const wanted = [
        ...columns
          .filter(({ PK }) => !PK || keepIds)
          .map(({ ColumnName, ColumnType }) => ({ name: ColumnName, type: ColumnType })),
        ...(addColumns ? missing : []),
      ]
      // Looked at as a whole, before anything is changed.
      const rows = rowsFor(parsed!, wanted)
      for (const { name, type } of addColumns ? missing : []) {
        await changeCollection(collection.collectionID, { addColumn: { name, type } })
      }
      let count = 0
      for (const portion of portions(rows)) {
        await insertRows(collection.collectionID, portion)
        count += portion.length
        setDone(count)
      }
      return count
    },
    onSuccess: (count) => {
      tellDone(`${count.toLocaleString()} rows are imported`)
      onClose()
    },
    onSettled: onDone,
  })
  const total = parsed?.rows.length ?? 0
  return (
    <Stack>
      <FileInput
        label="File"
        description="CSV with column names in its first line, or JSON: a list of objects"
        placeholder="Choose a file"
        accept=".csv,.json,text/csv,application/json"
        value={file}
        onChange={(chosen) => {
          setFile(chosen)
          take.reset()
          if (chosen === null) read.reset()
          else read.mutate(chosen)
        }}
      />
      {read.isError && <Failure error={read.error} title="This file cannot be read" />}
      {parsed !== undefined && (
        <>
          <Text size="sm">
            {total.toLocaleString()} row{total === 1 ? '' : 's'} with the columns {parsed.names.join(', ')}.
          </Text>
          {missing.length > 0 && (
            <Checkbox
              label={`Add the columns that are not there yet: ${missing.map(({ name, type }) => `${name} (${type})`).join(', ')}`}
              description="Else what stands in them is left out"
              checked={addColumns}
              onChange={(event) => setAddColumns(event.currentTarget.checked)}
            />
          )}
          {parsed.names.includes('item_id') && (
            <Checkbox
              label="Keep the item_id of the rows"
              description="Else each gets a new one"
              checked={keepIds}
              onChange={(event) => setKeepIds(event.currentTarget.checked)}
            />
          )}
        </>
      )}
      {take.isPending && <Progress value={total === 0 ? 0 : (100 * done) / total} aria-label="Imported" />}
      {take.isError && (
        <>
          <Failure error={take.error} title="Not everything was imported" />
          <Alert
            color="gray"
            title={done === 0 ? 'No row was added' : `The first ${done.toLocaleString()} were added`}
          />
        </>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button disabled={total === 0} loading={take.isPending} onClick={() => take.mutate()}>
          Import
        </Button>
      </Group>
    </Stack>
  )
}
