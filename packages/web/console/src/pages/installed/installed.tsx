/** The packages that are installed in a system, with their instructions, upgrades and the step back. */
import { Badge, Button, Group, Loader, Modal, Paper, Stack, Text } from '@mantine/core'
import { IconArrowBackUp, IconArrowUp, IconBook, IconDownload, IconPackage } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { ask } from '../../api.ts'
import { Mono } from '../../frame/copy.tsx'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { atDay } from '../../frame/times.ts'
import { Written } from '../../frame/written.tsx'
import { type Change, ChangePackage } from './change.tsx'
import { type Installed, installedQuery } from './shapes.ts'

export function InstalledPage() {
  const key = useSystemKey()
  const installed = useQuery(installedQuery(key))
  const [read, setRead] = useState<string>()
  const [asked, setAsked] = useState<{ change: Change; installed: Installed }>()
  return (
    <Stack>
      <PageHead
        title="Packages"
        text="What is installed in this system."
        actions={
          <Button
            component={Link}
            to={`/packages/install?into=${key}`}
            variant="default"
            leftSection={<IconDownload size={16} />}
          >
            Install into this system
          </Button>
        }
      />
      {installed.isPending && <Loader aria-label="Loading the packages" />}
      {installed.isError && <Failure error={installed.error} />}
      {installed.data?.length === 0 && (
        <NothingYet
          icon={IconPackage}
          title="No package is installed here"
          action={
            <Button component={Link} to="/packages" variant="light">
              Look at the packages
            </Button>
          }
        >
          A package brings code, collections, roles and portals. It can be upgraded later without losing your changes.
        </NothingYet>
      )}
      {installed.data?.map((one) => (
        <Entry
          key={one.name}
          one={one}
          onRead={() => setRead(one.name)}
          onChange={(change) => setAsked({ change, installed: one })}
        />
      ))}
      <ChangePackage asked={asked} onClose={() => setAsked(undefined)} />
      <Modal opened={read !== undefined} onClose={() => setRead(undefined)} title={`How ${read} is set up`} size="xl">
        {read !== undefined && <Instructions name={read} />}
      </Modal>
    </Stack>
  )
}

type EntryProps = { one: Installed; onRead: () => void; onChange: (change: Change) => void }

function Entry({ one, onRead, onChange }: EntryProps) {
  const { name, version, source, installedAt, canUndo } = one
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" align="flex-start">
        <div>
          <Group gap="xs">
            <Text fw={600}>{name}</Text>
            {version !== '' && (
              <Badge variant="light" color="gray" tt="none">
                {version}
              </Badge>
            )}
          </Group>
          <Text size="sm" c="dimmed">
            From <Mono>{source.address || 'an uploaded file'}</Mono>, {atDay(installedAt)}
          </Text>
        </div>
        <Group gap="xs">
          <Button variant="default" leftSection={<IconBook size={16} />} onClick={onRead}>
            Instructions
          </Button>
          <Button variant="default" leftSection={<IconArrowUp size={16} />} onClick={() => onChange('upgrade')}>
            Upgrade
          </Button>
          {canUndo && (
            <Button variant="default" leftSection={<IconArrowBackUp size={16} />} onClick={() => onChange('undo')}>
              Undo
            </Button>
          )}
        </Group>
      </Group>
    </Paper>
  )
}

function Instructions({ name }: { name: string }) {
  const key = useSystemKey()
  const readme = useQuery({
    queryKey: ['installed-readme', key, name],
    queryFn: ({ signal }) =>
      ask<{ html: string }>(`/admin/v/4/system/${key}/packages/readme?name=${encodeURIComponent(name)}`, { signal }),
  })
  if (readme.isPending) return <Loader aria-label="Loading the instructions" />
  if (readme.isError) return <Failure error={readme.error} />
  if (readme.data.html === '') return <Text c="dimmed">The package came without instructions.</Text>
  return <Written html={readme.data.html} />
}
