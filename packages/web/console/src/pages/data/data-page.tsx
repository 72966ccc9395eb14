/** Data: the collections of a system, and beside them the one that is open. */
import { Anchor, Box, Button, Group, Loader, Modal, NavLink, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconChevronLeft, IconPlus, IconSearch, IconTable } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, Outlet, useNavigate, useParams } from 'react-router'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import classes from './data.module.css'
import { type Collection, collectionsKey, collectionsQuery, createCollection } from './data-api.ts'

export function DataPage() {
  const key = useSystemKey()
  const { name } = useParams()
  const list = useQuery({ ...collectionsQuery(key), refetchInterval: 15_000 })
  const [adding, { open, close }] = useDisclosure(false)
  return (
    <Stack gap="sm">
      <Box visibleFrom={name === undefined ? undefined : 'sm'}>
        <PageHead
          title="Data"
          actions={
            <Button leftSection={<IconPlus size={16} />} onClick={open}>
              Collection
            </Button>
          }
        />
      </Box>
      {list.isError && <Failure error={list.error} title="The collections cannot be listed" />}
      <div className={classes.columns}>
        <Box className={`${classes.list} ${name === undefined ? '' : classes.aside}`}>
          {list.isPending && <Loader aria-label="Loading the list" />}
          {list.data !== undefined && <Collections systemKey={key} list={list.data} />}
        </Box>
        <main className={classes.main}>
          {name !== undefined && (
            <Anchor component={Link} to={`/systems/${key}/data`} hiddenFrom="sm" size="sm">
              <Group gap={4}>
                <IconChevronLeft size={14} /> All collections
              </Group>
            </Anchor>
          )}
          <Outlet />
        </main>
      </div>
      <Modal opened={adding} onClose={close} title="New collection">
        <NewCollection systemKey={key} onClose={close} />
      </Modal>
    </Stack>
  )
}

/** In place of a grid, as long as nothing is open. */
export function NoCollectionOpen() {
  const list = useQuery(collectionsQuery(useSystemKey()))
  if (list.data === undefined) return null
  if (list.data.length === 0) {
    return (
      <NothingYet icon={IconTable} title="There is no collection yet">
        A collection is a table of rows that services and users read and write as their roles allow. Press + Collection
        to make the first one, or install a package.
      </NothingYet>
    )
  }
  return (
    <Text c="dimmed" size="sm" visibleFrom="sm">
      Choose a collection to see its rows.
    </Text>
  )
}

function Collections({ systemKey, list }: { systemKey: string; list: Collection[] }) {
  const { name: open } = useParams()
  const [wanted, setWanted] = useState('')
  const found = list.filter(({ name }) => name.toLowerCase().includes(wanted.trim().toLowerCase()))
  return (
    <Stack gap="xs">
      <TextInput
        aria-label="Search collections"
        placeholder="Search"
        leftSection={<IconSearch size={15} />}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      <Box component="nav" aria-label="Collections">
        {found.length === 0 && (
          <Text size="sm" c="dimmed" px={6}>
            {wanted === '' ? 'None yet' : `None with “${wanted}”`}
          </Text>
        )}
        {found.map(({ collectionID, name }) => (
          <NavLink
            key={collectionID}
            component={Link}
            to={`/systems/${systemKey}/data/${encodeURIComponent(name)}`}
            label={name}
            active={name === open}
            aria-current={name === open ? 'page' : undefined}
            px={8}
            py={5}
            style={{ borderRadius: 'var(--mantine-radius-sm)' }}
            styles={{ label: { overflow: 'hidden', textOverflow: 'ellipsis' }, body: { minWidth: 0 } }}
          />
        ))}
      </Box>
    </Stack>
  )
}

function NewCollection({ systemKey, onClose }: { systemKey: string; onClose: () => void }) {
  const [name, setName] = useState('')
  const queries = useQueryClient()
  const navigate = useNavigate()
  const create = useMutation({
    mutationFn: () => createCollection(systemKey, name),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: collectionsKey(systemKey) })
      onClose()
      navigate(`/systems/${systemKey}/data/${encodeURIComponent(made.name)}`)
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        create.mutate()
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
        {create.isError && <Failure error={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
