/** The packages that can be installed: those that ship with the node, and those of further catalogues. */
import { ActionIcon, Alert, Badge, Button, Card, Group, Loader, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconDownload, IconPackage, IconPlus, IconX } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { tellDone } from '../../frame/tell.ts'
import { AddCatalogue } from './add-catalogue.tsx'
import type { ListedPackage, Listing } from './shapes.ts'

const catalogues = '/admin/v/4/catalogues'

export const cataloguesQuery = {
  queryKey: ['catalogues'],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask<Listing[]>(catalogues, { signal }),
}

export function CataloguePage() {
  const listings = useQuery(cataloguesQuery)
  const [adding, { open, close }] = useDisclosure(false)
  return (
    <Stack>
      <PageHead
        title="Packages"
        text="A package is a whole system, or a part of one, that somebody else has built. Look at it, then install it."
        actions={
          <>
            <Button variant="default" leftSection={<IconPlus size={16} />} onClick={open}>
              Add a catalogue
            </Button>
            <Button component={Link} to="/packages/install" leftSection={<IconDownload size={16} />}>
              Install
            </Button>
          </>
        }
      />
      {listings.isPending && <Loader aria-label="Loading the catalogues" />}
      {listings.isError && <Failure error={listings.error} title="The catalogues cannot be read" />}
      {listings.data?.map((listing) => (
        <OneCatalogue key={listing.url} listing={listing} isOnly={listings.data.length === 1} />
      ))}
      <AddCatalogue opened={adding} onClose={close} />
    </Stack>
  )
}

function OneCatalogue({ listing, isOnly }: { listing: Listing; isOnly: boolean }) {
  const { name, own, url, problem, packages } = listing
  return (
    <Stack gap="xs">
      {!isOnly && (
        <Group gap="xs">
          <Title order={2} size="h4">
            {own ? 'With this node' : name}
          </Title>
          {!own && (
            <Text size="sm" c="dimmed">
              {url}
            </Text>
          )}
          {!own && <RemoveCatalogue listing={listing} />}
        </Group>
      )}
      {problem !== undefined && (
        <Alert color="yellow" title="This catalogue cannot be read just now">
          {problem}
        </Alert>
      )}
      {problem === undefined && packages.length === 0 && (
        <NothingYet icon={IconPackage} title="This catalogue is empty">
          A package can be installed from any address all the same: choose Install and paste it.
        </NothingYet>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {packages.map((one) => (
          <PackageCard key={one.url} about={one} />
        ))}
      </SimpleGrid>
    </Stack>
  )
}

export const packagePath = ({ name, url }: Pick<ListedPackage, 'name' | 'url'>): string =>
  `/packages/about/${encodeURIComponent(name)}?from=${encodeURIComponent(url)}`

function PackageCard({ about }: { about: ListedPackage }) {
  const { name, version, description, keywords } = about
  return (
    <Card component={Link} to={packagePath(about)} withBorder>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600} truncate>
          {name}
        </Text>
        <Text size="sm" c="dimmed">
          {version}
        </Text>
      </Group>
      <Text size="sm" mt={4} lineClamp={4}>
        {description === '' ? 'It says nothing about itself.' : description}
      </Text>
      <Group gap={4} mt="sm">
        {keywords.slice(0, 6).map((word) => (
          <Badge key={word} variant="light" color="gray" tt="none" fw={500}>
            {word}
          </Badge>
        ))}
      </Group>
    </Card>
  )
}

function RemoveCatalogue({ listing: { url, name } }: { listing: Listing }) {
  const [asking, setAsking] = useState(false)
  const queries = useQueryClient()
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Take ${name} out of the list`}
        onClick={() => setAsking(true)}
      >
        <IconX size={16} />
      </ActionIcon>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Take ${name} out of the list?`}
        label="Take it out"
        action={async () => {
          await ask(`${catalogues}?url=${encodeURIComponent(url)}`, { method: 'DELETE' })
          await queries.invalidateQueries({ queryKey: ['catalogues'] })
          tellDone(`${name} is no longer listed.`)
        }}
      >
        Its packages are listed no longer. What is installed stays.
      </Confirm>
    </>
  )
}
