/** Roles: what each may do, side by side, kind by kind; and a new one. */
import { Anchor, Button, Loader, Modal, Stack, Table, Tabs, Text, Textarea, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Item, itemsQuery } from './items.ts'
import { itemKinds, itemLevel, levelWords, type Role, rolesQuery, wideKinds, wideLevel } from './shapes.ts'

type Line = { name: string; words: (role: Role) => string }

export function RolesPage() {
  const key = useSystemKey()
  const roles = useQuery(rolesQuery(key))
  const items = useQuery(itemsQuery(key))
  const [adding, { open, close }] = useDisclosure(false)
  return (
    <Stack>
      <PageHead
        title="Roles"
        text="What users may do is the sum of their roles. Authenticated is given to every new user; Anonymous holds for whoever has not signed in."
        actions={
          <Button leftSection={<IconPlus size={16} />} onClick={open}>
            Add Role
          </Button>
        }
      />
      {(roles.isPending || items.isPending) && <Loader aria-label="Loading the roles" />}
      {roles.isError && <Failure error={roles.error} title="The roles cannot be listed" />}
      {items.isError && <Failure error={items.error} />}
      {roles.isSuccess && items.isSuccess && <Matrix roles={roles.data} items={items.data} />}
      <Modal opened={adding} onClose={close} title="New role">
        <NewRole />
      </Modal>
    </Stack>
  )
}

const wide = 'System-wide'

function Matrix({ roles, items }: { roles: Role[]; items: Record<string, Item[]> }) {
  const tabs: { title: string; lines: Line[]; none: string }[] = [
    ...itemKinds.map(({ read, title, all }) => ({
      title,
      none: `There are no ${title.toLowerCase()} yet.`,
      lines: [
        ...(all === undefined
          ? []
          : [
              {
                name: `All ${title.toLowerCase()}`,
                words: (role: Role) => levelWords(wideLevel(role, all.read), all.read),
              },
            ]),
        ...namesOf(read, roles, items).map((name) => ({
          name,
          words: (role: Role) => levelWords(itemLevel(role, read, name), read),
        })),
      ],
    })),
    {
      title: wide,
      none: '',
      lines: wideKinds.map(({ read, title }) => ({
        name: title,
        words: (role) => levelWords(wideLevel(role, read), read),
      })),
    },
  ]
  return (
    <Tabs defaultValue="Collections">
      <Tabs.List aria-label="Kinds of rights">
        {tabs.map(({ title }) => (
          <Tabs.Tab key={title} value={title}>
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ title, lines, none }) => (
        <Tabs.Panel key={title} value={title} pt="sm">
          {lines.length === 0 && (
            <Text size="sm" c="dimmed" mb="sm">
              {none}
            </Text>
          )}
          <Table.ScrollContainer minWidth={140 + roles.length * 130}>
            <Table aria-label={`Rights on ${title}`} stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{title}</Table.Th>
                  {roles.map(({ ID, Name }) => (
                    <Table.Th key={ID}>
                      <Anchor component={Link} to={encodeURIComponent(ID)} fw={600} size="sm">
                        {Name}
                      </Anchor>
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {lines.map(({ name, words }) => (
                  <Table.Tr key={name}>
                    <Table.Th scope="row" fw={500}>
                      {name}
                    </Table.Th>
                    {roles.map((role) => (
                      <Table.Td key={role.ID}>
                        {words(role) || (
                          <Text c="dimmed" span>
                            –
                          </Text>
                        )}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

/** Of what there is, and of what a role has a right on though it is not there (a topic, a portal that was removed). */
export function namesOf(kind: string, roles: readonly Role[], items: Record<string, Item[]>): string[] {
  const there = (items[kind] ?? []).map(({ name }) => name)
  const granted = roles.flatMap((role) => {
    const rights = role.Permissions[kind]
    return Array.isArray(rights) ? rights.filter(({ Level }) => Level !== 0).map(({ Name }) => Name) : []
  })
  return [...new Set([...there, ...granted])].filter((name) => name !== '').sort()
}

function NewRole() {
  const key = useSystemKey()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const make = useMutation({
    mutationFn: () =>
      ask<{ role_id: string }>(`/admin/user/${key}/roles`, {
        method: 'POST',
        body: { name: name.trim(), description },
      }),
    onSuccess: async ({ role_id: id }) => {
      await queries.invalidateQueries({ queryKey: ['roles', key] })
      tellDone(`${name.trim()} is made. It has no rights yet.`)
      navigate(encodeURIComponent(id))
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        make.mutate()
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          label="Description"
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {make.isError && <Failure error={make.error} title="Not made" />}
        <Button type="submit" loading={make.isPending}>
          Create Role
        </Button>
      </Stack>
    </form>
  )
}
