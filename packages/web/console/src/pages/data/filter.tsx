/** Conditions that rows must meet, all of them. */
import { ActionIcon, Button, Group, NativeSelect, Paper, Stack, Text, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { type Column, type Condition, type Operator, operators } from './data-api.ts'
import { example, typed } from './values.ts'

type Draft = { column: string; operator: Operator; text: string }

type Props = {
  columns: Column[]
  conditions: readonly Condition[]
  onChange: (conditions: Condition[]) => void
  onClose: () => void
}

const texts = new Set(['string', 'uuid', 'blob'])
const bare: Operator[] = ['has no value', 'has a value']

const operatorsOf = ({ ColumnType }: Column): Operator[] => {
  if (ColumnType === 'jsonb') return bare
  const all = Object.keys(operators) as Operator[]
  return all.filter((one) => texts.has(ColumnType) || (one !== 'contains' && one !== 'matches pattern'))
}

export function Filter({ columns, conditions, onChange, onClose }: Props) {
  // item_id is seldom what somebody looks for.
  const first = columns.find(({ PK }) => !PK) ?? columns[0]!
  const fresh = (): Draft => ({ column: first.ColumnName, operator: operatorsOf(first)[0]!, text: '' })
  const [drafts, setDrafts] = useState<Draft[]>(() =>
    conditions.length === 0
      ? [fresh()]
      : conditions.map(({ column, operator, value }) => ({
          column,
          operator,
          text: value === null ? '' : String(value),
        })),
  )
  const [wrong, setWrong] = useState('')
  const columnOf = (name: string): Column => columns.find(({ ColumnName }) => ColumnName === name) ?? first
  const change = (at: number, part: Partial<Draft>) =>
    setDrafts(drafts.map((one, index) => (index === at ? { ...one, ...part } : one)))

  function apply(): void {
    try {
      const made = drafts.map(({ column, operator, text }): Condition => {
        if (bare.includes(operator)) return { column, operator, value: null }
        const { ColumnType } = columnOf(column)
        const value = operator === 'contains' || operator === 'matches pattern' ? text : typed(ColumnType, text)
        if (value === null) throw new Error(`${column} needs a value to compare with`)
        return { column, operator, value: value as string | number | boolean }
      })
      setWrong('')
      onChange(made)
    } catch (error) {
      setWrong((error as Error).message)
    }
  }

  return (
    <Paper
      withBorder
      p="xs"
      component="form"
      aria-label="Filter"
      onSubmit={(event) => {
        event.preventDefault()
        apply()
      }}
    >
      <Stack gap="xs">
        {drafts.map(({ column, operator, text }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no name of their own
          <Group key={at} gap="xs">
            <NativeSelect
              aria-label={`Column of condition ${at + 1}`}
              data={columns.map(({ ColumnName }) => ColumnName)}
              value={column}
              onChange={(event) => {
                const name = event.currentTarget.value
                const can = operatorsOf(columnOf(name))
                change(at, { column: name, operator: can.includes(operator) ? operator : can[0]! })
              }}
            />
            <NativeSelect
              aria-label={`Operator of condition ${at + 1}`}
              data={operatorsOf(columnOf(column))}
              value={operator}
              onChange={(event) => change(at, { operator: event.currentTarget.value as Operator })}
            />
            {!bare.includes(operator) && (
              <TextInput
                aria-label={`Value of condition ${at + 1}`}
                placeholder={example[columnOf(column).ColumnType]}
                style={{ flex: '1 1 160px' }}
                value={text}
                onChange={(event) => change(at, { text: event.currentTarget.value })}
              />
            )}
            {drafts.length > 1 && (
              <ActionIcon
                variant="subtle"
                color="red"
                aria-label={`Remove condition ${at + 1}`}
                onClick={() => setDrafts(drafts.filter((_, index) => index !== at))}
              >
                <IconX size={16} />
              </ActionIcon>
            )}
          </Group>
        ))}
        {wrong !== '' && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {wrong}
          </Text>
        )}
        <Group justify="space-between" gap="xs">
          <Button
            size="xs"
            variant="light"
            leftSection={<IconPlus size={14} />}
            onClick={() => setDrafts([...drafts, fresh()])}
          >
            And
          </Button>
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={onClose}>
              No filter
            </Button>
            <Button size="xs" type="submit">
              Apply
            </Button>
          </Group>
        </Group>
      </Stack>
    </Paper>
  )
}
