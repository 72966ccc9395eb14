/** Code: services and libraries of a system side by side, and beside them the one that is open. */
import { Anchor, Box, Button, Group, Loader, NavLink, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconChevronLeft, IconCode, IconPlus, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, Outlet, useParams } from 'react-router'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import classes from './code.module.css'
import { type Kind, type Listed, listQuery } from './code-api.ts'
import { NewCode } from './new-code.tsx'

export function CodePage() {
  const key = useSystemKey()
  const { name } = useParams()
  const list = useQuery({ ...listQuery(key), refetchInterval: 15_000 })
  const [adding, { open, close }] = useDisclosure(false)
  return (
    <Stack gap="sm">
      <Box visibleFrom={name === undefined ? undefined : 'sm'}>
        <PageHead
          title="Code"
          actions={
            <Button leftSection={<IconPlus size={16} />} onClick={open}>
              New
            </Button>
          }
        />
      </Box>
      {list.isError && <Failure error={list.error} title="The code cannot be listed" />}
      <div className={classes.columns}>
        <Box className={`${classes.list} ${name === undefined ? '' : classes.aside}`}>
          {list.isPending && <Loader aria-label="Loading the list" />}
          {list.data !== undefined && <CodeList systemKey={key} list={list.data} />}
        </Box>
        <main className={classes.main}>
          {name !== undefined && (
            <Anchor component={Link} to={`/systems/${key}/code`} hiddenFrom="sm" size="sm">
              <Group gap={4}>
                <IconChevronLeft size={14} /> All code
              </Group>
            </Anchor>
          )}
          <Outlet />
        </main>
      </div>
      <NewCode opened={adding} onClose={close} systemKey={key} />
    </Stack>
  )
}

/** In place of an editor, as long as nothing is open. */
export function NothingOpen() {
  const key = useSystemKey()
  const list = useQuery(listQuery(key))
  if (list.data === undefined) return null
  if (list.data.length === 0) {
    return (
      <NothingYet icon={IconCode} title="There is no code yet">
        A service runs when it is called; a library is code that services share. Press New to write the first one, or
        install a package.
      </NothingYet>
    )
  }
  return (
    <Text c="dimmed" size="sm" visibleFrom="sm">
      Choose a service or a library to read and change it.
    </Text>
  )
}

function CodeList({ systemKey, list }: { systemKey: string; list: Listed[] }) {
  const [wanted, setWanted] = useState('')
  const found = list.filter(({ name }) => name.toLowerCase().includes(wanted.trim().toLowerCase()))
  return (
    <Stack gap="xs">
      <TextInput
        aria-label="Search services and libraries"
        placeholder="Search"
        leftSection={<IconSearch size={15} />}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      <Part title="Services" kind="service" systemKey={systemKey} list={found} wanted={wanted} />
      <Part title="Libraries" kind="library" systemKey={systemKey} list={found} wanted={wanted} />
    </Stack>
  )
}

type PartProps = { title: string; kind: Kind; systemKey: string; list: Listed[]; wanted: string }

function Part({ title, kind, systemKey, list, wanted }: PartProps) {
  const open = useParams()
  const own = list.filter((one) => one.kind === kind)
  return (
    <Box component="nav" aria-label={title}>
      <Text size="xs" fw={700} tt="uppercase" c="dimmed" px={6} py={4}>
        {title}
      </Text>
      {own.length === 0 && (
        <Text size="sm" c="dimmed" px={6}>
          {wanted === '' ? 'None yet' : `None with “${wanted}”`}
        </Text>
      )}
      {own.map(({ name, version }) => {
        const isOpen = open.kind === kind && open.name === name
        return (
          <NavLink
            key={name}
            component={Link}
            to={`/systems/${systemKey}/code/${kind}/${encodeURIComponent(name)}`}
            label={name}
            active={isOpen}
            aria-current={isOpen ? 'page' : undefined}
            rightSection={
              <Text size="xs" c={isOpen ? undefined : 'dimmed'} title={`Version ${version}`}>
                v{version}
              </Text>
            }
            px={8}
            py={5}
            style={{ borderRadius: 'var(--mantine-radius-sm)' }}
            styles={{ label: { overflow: 'hidden', textOverflow: 'ellipsis' }, body: { minWidth: 0 } }}
          />
        )
      })}
    </Box>
  )
}
