/** One user: the account, columns, roles, second factors, sessions, and what all of it lets him do. */
import { Anchor, Loader, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { CopyButton, Mono } from '../../frame/copy.tsx'
import { Failure } from '../../frame/failure.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { AccountForm } from './account.tsx'
import { Authenticators } from './authenticators.tsx'
import { ColumnValues } from './column-values.tsx'
import { EffectiveRights } from './effective-rights.tsx'
import { Sessions } from './sessions.tsx'
import { userQuery } from './shapes.ts'
import { UserRoles } from './user-roles.tsx'
import { States } from './users.tsx'

export function UserPage() {
  const key = useSystemKey()
  const id = useParams().userId!
  const found = useQuery({ ...userQuery(key, id), refetchInterval: 10_000 })
  const back = (
    <Anchor component={Link} to={`/systems/${key}/users`} size="sm">
      All users
    </Anchor>
  )
  if (found.isPending) return <Loader aria-label="Loading the user" />
  if (found.isError) return <Failure error={found.error} title="This user cannot be shown" />
  if (found.data === null) {
    return (
      <Stack align="flex-start">
        {back}
        <Text>There is no such user any more.</Text>
      </Stack>
    )
  }
  const { user, account } = found.data
  return (
    <Stack>
      {back}
      <PageHead
        title={user.email}
        text={
          <>
            <Mono>{user.user_id}</Mono> <CopyButton value={user.user_id} what="the id" />
          </>
        }
        actions={<States account={account} />}
      />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Section title="Account">
          <AccountForm user={user} account={account} />
        </Section>
        <Section title="Roles">
          <UserRoles userId={id} />
        </Section>
        <Section title="Columns">
          <ColumnValues key={id} user={user} />
        </Section>
        <Section title="Second factors">
          <Authenticators userId={id} phone={user.sms_phone} />
        </Section>
      </SimpleGrid>
      <Section title="Sessions">
        <Sessions userId={id} email={user.email} />
      </Section>
      <Section title="What this user may do">
        <EffectiveRights userId={id} />
      </Section>
    </Stack>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title} miw={0}>
      <Title order={2} size="h4" mb="xs">
        {title}
      </Title>
      {children}
    </Paper>
  )
}
