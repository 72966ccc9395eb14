/** What an import into a system that is there would change, what is in the way, and what needs a yes. */
import { Alert, Badge, Checkbox, Group, Stack, Table, Text, TextInput } from '@mantine/core'
import { type Item, kindWords, type Report } from './shapes.ts'

export type Answers = { allow: string[]; overwrite: string[]; runAs: Record<string, string> }
export const noAnswers: Answers = { allow: [], overwrite: [], runAs: {} }

const isOpen = (item: Item, { overwrite }: Answers): boolean =>
  item.action === 'conflict' && !overwrite.includes(`${item.kind}/${item.name}`)

/** Whether nothing is in the way any more and every yes was given. */
export const isSettled = ({ items, widening }: Report, answers: Answers): boolean =>
  !items.some((item) => isOpen(item, answers)) && widening.every(({ name }) => answers.allow.includes(name))

/** What is to be told of a plan: not what stays as it is, unless something is said of it. */
const toldOf = ({ items }: Report): Item[] =>
  items.filter(({ action, reason }) => action !== 'unchanged' || reason !== undefined)

export const changesNothing = (planned: Report): boolean => toldOf(planned).length === 0

const words: Record<Item['action'], [string, string]> = {
  create: ['new', 'teal'],
  update: ['changes', 'blue'],
  unchanged: ['stays', 'gray'],
  conflict: ['in the way', 'red'],
  keep: ['kept', 'gray'],
  delete: ['goes', 'orange'],
}

type Props = { planned: Report; answers: Answers; onAnswers?: (answers: Answers) => void }

export function PlanOf({ planned, answers, onAnswers }: Props) {
  const told = toldOf(planned)
  const rest = planned.items.length - told.length
  const open = (planned.runAs ?? []).filter(({ because }) => because === 'unconfirmed')
  return (
    <Stack>
      {told.length > 0 && (
        <Table.ScrollContainer minWidth={480}>
          <Table aria-label="What would change">
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={120}>What</Table.Th>
                <Table.Th>Asset</Table.Th>
                <Table.Th>More</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {told.map((item) => (
                <ItemRow key={`${item.kind}/${item.name}`} item={item} answers={answers} onAnswers={onAnswers} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Text size="sm" c="dimmed">
        {told.length === 0 ? 'Nothing changes.' : `${rest} of ${planned.items.length} stay as they are.`}
      </Text>
      {planned.widening.length > 0 && (
        <Alert color="yellow" title="Needs your yes: this widens what stands in the system">
          <Stack gap="xs">
            {planned.widening.map(({ name, message }) => (
              <Checkbox
                key={name}
                label={message}
                disabled={onAnswers === undefined}
                checked={answers.allow.includes(name)}
                onChange={() => onAnswers?.({ ...answers, allow: toggled(answers.allow, name) })}
              />
            ))}
          </Stack>
        </Alert>
      )}
      {open.length > 0 && (
        <Stack gap="xs">
          {open.map(({ service, wanted }) => (
            <TextInput
              key={service}
              label={`Run ${service} as`}
              description={`The package says ${wanted}, who is not here. Empty: it runs as its caller.`}
              placeholder="<caller>"
              value={answers.runAs[service] ?? ''}
              onChange={({ currentTarget: { value } }) => {
                const { [service]: _, ...others } = answers.runAs
                onAnswers?.({ ...answers, runAs: value === '' ? others : { ...others, [service]: value } })
              }}
            />
          ))}
        </Stack>
      )}
    </Stack>
  )
}

type RowProps = { item: Item; answers: Answers; onAnswers: Props['onAnswers'] }

function ItemRow({ item, answers, onAnswers }: RowProps) {
  const { kind, name, action, givesWay } = item
  const [word, color] = words[action]
  const key = `${kind}/${name}`
  return (
    <Table.Tr>
      <Table.Td>
        <Badge variant="light" color={color} tt="none">
          {word}
        </Badge>
      </Table.Td>
      <Table.Td>
        {name}
        <Text size="xs" c="dimmed">
          {kindWords(kind)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap="xs">
          <Text size="sm">{detailOf(item)}</Text>
          {givesWay === true && action === 'conflict' && (
            <Checkbox
              size="xs"
              label="The package's goes first"
              checked={answers.overwrite.includes(key)}
              onChange={() => onAnswers?.({ ...answers, overwrite: toggled(answers.overwrite, key) })}
            />
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  )
}

const toggled = (list: string[], name: string): string[] =>
  list.includes(name) ? list.filter((one) => one !== name) : [...list, name]

function detailOf({ reason, differs = [], rows, columnsAdded = [] }: Item): string {
  if (reason !== undefined) return reason
  return [
    ...differs.filter((part) => !['rows', 'columns', 'indexes'].includes(part)),
    columnsAdded.length > 0 ? `columns ${columnsAdded.join(', ')}` : '',
    rows !== undefined && rows.added > 0 ? `${rows.added} rows new` : '',
    rows !== undefined && rows.changed > 0 ? `${rows.changed} rows changed` : '',
  ]
    .filter((part) => part !== '')
    .join('; ')
}
