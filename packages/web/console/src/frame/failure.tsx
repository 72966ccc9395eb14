/** An error of the node, as a person is to read it. */
import { Alert, Text } from '@mantine/core'
import { ApiError } from '../api.ts'

export function Failure({ error, title = 'That did not work' }: { error: unknown; title?: string }) {
  const { message, hint, id } = error instanceof ApiError ? error : { message: String(error), hint: '', id: '' }
  return (
    <Alert color="red" title={title} role="alert">
      <Text size="sm">{message}</Text>
      {hint !== '' && <Text size="sm">{hint}</Text>}
      {id !== '' && (
        <Text size="xs" c="dimmed" mt={4}>
          Error id {id}
        </Text>
      )}
    </Alert>
  )
}
