/** After an import: what was made, passwords that are shown this once, and what is left to do. */
import { Alert, Button, Group, List, Paper, Stack, Table, Text, Title } from '@mantine/core'
import { IconArrowRight } from '@tabler/icons-react'
import { useEffect } from 'react'
import { Link } from 'react-router'
import { CopyButton, CopyLine, Mono } from '../../frame/copy.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { Written } from '../../frame/written.tsx'
import { byKind, kindWords, type Report } from './shapes.ts'

export function Imported({ report, html }: { report: Report; html: string }) {
  const { system, items, notes, passwords = [], problems = [], runAs = [] } = report
  useEffect(() => {
    scrollTo({ top: 0 })
  }, [])
  const { key, name, isNew, secret } = system!
  const made = items.filter(({ action }) => action === 'create' || action === 'update' || action === 'keep')
  const open = runAs.filter(({ because }) => because === 'unconfirmed')
  const warnings = notes.filter(({ level }) => level === 'warning')
  return (
    <Stack>
      <PageHead
        title={isNew ? `${name} is imported` : `The package is imported into ${name}`}
        text={byKind(made)
          .map(([kind, ofKind]) => `${kindWords(kind)}: ${ofKind.length}`)
          .join(' · ')}
        actions={
          <Button component={Link} to={`/systems/${key}`} rightSection={<IconArrowRight size={16} />}>
            Open the system
          </Button>
        }
      />
      {passwords.length > 0 && <Passwords passwords={passwords} />}
      {(warnings.length > 0 || open.length > 0 || problems.length > 0) && (
        <Alert color="yellow" title="Mind this">
          <List size="sm">
            {open.map(({ service, wanted }) => (
              <List.Item key={service}>
                {service} was made to run as {wanted} and runs as its caller. Choose whom it runs as in Code.
              </List.Item>
            ))}
            {problems.map((one) => (
              <List.Item key={`${one.kind}/${one.name}`}>
                {one.name} does not compile: line {one.line}, {one.message}
              </List.Item>
            ))}
            {warnings.map(({ message }) => (
              <List.Item key={message}>{message}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      <Paper withBorder p="md">
        <Stack gap="sm">
          <CopyLine label="System Key" value={key} />
          {secret !== '' && <CopyLine label="System Secret" value={secret} hidden />}
        </Stack>
      </Paper>
      {html !== '' && (
        <Paper withBorder p="md" component="section" aria-label="How it is set up">
          <Title order={2} size="h4" mb="xs">
            How it is set up
          </Title>
          <Text size="sm" c="dimmed" mb="sm">
            It stays at hand in the system, under Packages.
          </Text>
          <Written html={html} />
        </Paper>
      )}
    </Stack>
  )
}

function Passwords({ passwords }: { passwords: NonNullable<Report['passwords']> }) {
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4">
        New passwords
      </Title>
      <Text size="sm" c="dimmed">
        They are shown this once. Keep them where they are safe.
      </Text>
      <Table mt="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>E-mail</Table.Th>
            <Table.Th>Password</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {passwords.map(({ email, password }) => (
            <Table.Tr key={email}>
              <Table.Td>{email}</Table.Td>
              <Table.Td>
                <Group gap={4} wrap="nowrap">
                  <Mono>{password}</Mono>
                  <CopyButton value={password} what={`the password of ${email}`} />
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  )
}
