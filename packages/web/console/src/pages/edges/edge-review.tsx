/** What an edge did while its link was cut: each sign-in, those that the platform would have decided otherwise first. */
import { Badge, Loader, Modal, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { atDay } from '../../frame/times.ts'

type Finding = { what: string; words: string; since: number | null }

type Review = {
  link: number
  from: number | null
  until: number
  sign_ins: number
  otherwise: number
  not_known: number
  rows: {
    id: string
    at: number
    user_id: string
    email: string
    decision: string
    factors: string
    address: string
    otherwise: Finding[]
    not_known: Finding[]
  }[]
  left_out: number
}

export function EdgeReview({ name, onClose }: { name: string | undefined; onClose: () => void }) {
  return (
    <Modal opened={name !== undefined} onClose={onClose} title={`Review of ${name}`} size="xl">
      {name !== undefined && <Reviews name={name} />}
    </Modal>
  )
}

function Reviews({ name }: { name: string }) {
  const key = useSystemKey()
  const reviews = useQuery({
    queryKey: ['edge-reviews', key, name],
    queryFn: ({ signal }) =>
      ask<Review[]>(`/admin/v/4/system/${key}/edges/${encodeURIComponent(name)}/reviews`, { signal }),
  })
  if (reviews.isError) return <Failure error={reviews.error} title="The review cannot be read" />
  if (reviews.data === undefined) return <Loader aria-label="Loading the review" />
  if (reviews.data.length === 0) return <Text size="sm">Nobody signed in there while its link was cut.</Text>
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        What the edge did is its own word. What the platform knew at that time is from its log; what cannot be told from
        it is shown as not known.
      </Text>
      {reviews.data.map((review) => (
        <DarkTime key={`${review.link} ${review.until}`} review={review} />
      ))}
    </Stack>
  )
}

function DarkTime({ review }: { review: Review }) {
  const { from, until, sign_ins: signIns, otherwise, not_known: unknown, rows, left_out: leftOut } = review
  const span = `${from === null ? 'not known' : atDay(from)} to ${atDay(until)}`
  return (
    <Stack gap={4}>
      <Title order={3} size="h5">
        {span}
      </Title>
      <Text size="sm">
        {signIns} sign-ins, {otherwise} would have been decided otherwise, {unknown} not known
      </Text>
      <Table.ScrollContainer minWidth={560}>
        <Table aria-label={`Sign-ins ${span}`}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>When</Table.Th>
              <Table.Th>Who</Table.Th>
              <Table.Th>Was</Table.Th>
              <Table.Th>Would have been</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.id}>
                <Table.Td>{atDay(row.at)}</Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  {row.email || row.user_id}
                  <Text size="xs" c="dimmed">
                    {row.address}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {row.decision}
                  <Text size="xs" c="dimmed">
                    {row.factors}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Verdict row={row} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {leftOut > 0 && (
        <Text size="xs" c="dimmed">
          {leftOut} more are left out.
        </Text>
      )}
    </Stack>
  )
}

function Verdict({ row: { decision, otherwise, not_known: unknown } }: { row: Review['rows'][number] }) {
  if (otherwise.length === 0 && unknown.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {decision === 'granted' ? 'the same' : '–'}
      </Text>
    )
  }
  return (
    <Stack gap={4} align="flex-start">
      {otherwise.length > 0 && (
        <Badge color="red" variant="light" tt="none">
          otherwise
        </Badge>
      )}
      {otherwise.map(({ what, words, since }) => (
        <Text key={`${what} ${words}`} size="sm">
          {words}
          {since !== null && ` Since ${atDay(since)}.`}
        </Text>
      ))}
      {unknown.map(({ what, words }) => (
        <Text key={`${what} ${words}`} size="sm" c="dimmed">
          Not known: {words}
        </Text>
      ))}
    </Stack>
  )
}
