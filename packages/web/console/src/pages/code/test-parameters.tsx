/** What Save and Test calls a service with: names and JSON values, kept as long as the console is open. */
import { ActionIcon, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { UnitPlace } from './code-api.ts'

export type TestParameter = { name: string; json: string }

const queryOf = ({ key, name }: UnitPlace, params: string[]) => ({
  queryKey: ['code', key, 'test-parameters', name],
  queryFn: (): TestParameter[] => params.map((one) => ({ name: one, json: '' })),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
})

/** The parameters, and how to set them; `params` are the names that the service declares. */
export function useTestParameters(place: UnitPlace, params: string[]) {
  const queries = useQueryClient()
  const query = queryOf(place, params)
  const { data = [] } = useQuery(query)
  return [data, (next: TestParameter[]) => queries.setQueryData(query.queryKey, next)] as const
}

/** Why this is no JSON, or ''. */
export function whyNotJson(text: string): string {
  if (text.trim() === '') return ''
  try {
    JSON.parse(text)
    return ''
  } catch {
    return /^[^"'{[]/.test(text.trim()) ? `Not JSON. A text needs quotes: ${JSON.stringify(text.trim())}` : 'Not JSON'
  }
}

/** Parameters without a value are left out. Throws SyntaxError. */
export function bodyOf(parameters: TestParameter[]): Record<string, unknown> {
  const given = parameters.filter(({ name, json }) => name.trim() !== '' && json.trim() !== '')
  return Object.fromEntries(given.map(({ name, json }) => [name.trim(), JSON.parse(json)]))
}

type Props = {
  opened: boolean
  onClose: () => void
  parameters: TestParameter[]
  onChange: (parameters: TestParameter[]) => void
}

export function TestParameters({ opened, onClose, parameters, onChange }: Props) {
  const change = (index: number, part: Partial<TestParameter>) =>
    onChange(parameters.map((one, at) => (at === index ? { ...one, ...part } : one)))
  return (
    <Modal opened={opened} onClose={onClose} title="Run Parameters" size="lg">
      <Stack>
        {parameters.length === 0 && (
          <Text size="sm" c="dimmed">
            The service is called without parameters. Add one, and it arrives in req.params under its name.
          </Text>
        )}
        {parameters.map(({ name, json }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name of their own yet
          <Group key={index} align="flex-start" wrap="nowrap" gap="xs">
            <TextInput
              aria-label={`Name of parameter ${index + 1}`}
              placeholder="name"
              style={{ flex: '0 1 35%' }}
              value={name}
              onChange={(event) => change(index, { name: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`JSON value of ${name === '' ? `parameter ${index + 1}` : name}`}
              placeholder={'JSON, like "text", 7 or {"a": 1}'}
              style={{ flex: 1 }}
              value={json}
              error={whyNotJson(json) || undefined}
              onChange={(event) => change(index, { json: event.currentTarget.value })}
            />
            <ActionIcon
              variant="subtle"
              color="red"
              size="lg"
              aria-label={`Remove ${name === '' ? `parameter ${index + 1}` : name}`}
              onClick={() => onChange(parameters.filter((_, at) => at !== index))}
            >
              <IconX size={16} />
            </ActionIcon>
          </Group>
        ))}
        <Group justify="space-between">
          <Button
            variant="light"
            leftSection={<IconPlus size={16} />}
            onClick={() => onChange([...parameters, { name: '', json: '' }])}
          >
            Add Parameter
          </Button>
          <Button onClick={onClose}>Close</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
