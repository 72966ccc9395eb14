/** The page of one package: what it says about itself, its address to copy, how it is set up, what is in it. */
import { Anchor, Button, Group, Loader, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearchParams } from 'react-router'
import { CopyLine } from '../../frame/copy.tsx'
import { Failure } from '../../frame/failure.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { Written } from '../../frame/written.tsx'
import { askTelling } from '../../lines.ts'
import { cataloguesQuery } from './catalogue.tsx'
import { byKind, type Fetched, kindWords } from './shapes.ts'

export const installPath = (url: string): string => `/packages/install?url=${encodeURIComponent(url)}`

export function PackagePage() {
  const name = useParams().name!
  const given = useSearchParams()[0].get('from')
  const catalogues = useQuery(cataloguesQuery)
  const all = catalogues.data?.flatMap(({ packages }) => packages) ?? []
  const listed = all.find((one) => (given === null ? one.name === name : one.url === given))
  const url = given ?? listed?.url
  const fetched = useQuery({
    queryKey: ['package', url],
    queryFn: ({ signal }) => askTelling<Fetched>('/admin/v/4/packages/fetch', { body: { url }, signal }),
    enabled: url !== undefined,
    staleTime: 60_000,
  })
  const isLost = url === undefined && catalogues.isSuccess
  return (
    <Stack>
      <Anchor component={Link} to="/packages" size="sm">
        All packages
      </Anchor>
      <PageHead
        title={name}
        text={listed && [listed.description, listed.version && `version ${listed.version}`].filter(Boolean).join(' · ')}
        actions={
          url !== undefined && (
            <Button component={Link} to={installPath(url)} leftSection={<IconDownload size={16} />}>
              Install
            </Button>
          )
        }
      />
      {isLost && <Text c="dimmed">No catalogue of this node lists a package of this name.</Text>}
      {catalogues.isError && <Failure error={catalogues.error} />}
      {url !== undefined && (
        <Paper withBorder p="md">
          <CopyLine label="Address to install from" value={url} />
        </Paper>
      )}
      {url !== undefined && fetched.isPending && <Loader aria-label="Fetching the package" />}
      {fetched.isError && <Failure error={fetched.error} title="The package cannot be fetched" />}
      {fetched.isSuccess && <Contents fetched={fetched.data} />}
    </Stack>
  )
}

function Contents({ fetched: { readme_html: html, assets } }: { fetched: Fetched }) {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" verticalSpacing="md">
      <Paper withBorder p="md" component="section" aria-label="Instructions" miw={0}>
        {html === '' ? <Text c="dimmed">The package came without instructions.</Text> : <Written html={html} />}
      </Paper>
      <Paper withBorder p="md" component="section" aria-label="What is in it" miw={0} style={{ alignSelf: 'start' }}>
        <Title order={2} size="h4" mb="xs">
          What is in it
        </Title>
        <Stack gap="xs">
          {byKind(assets).map(([kind, ofKind]) => (
            <Group key={kind} gap="xs" align="baseline">
              <Text size="sm" fw={600}>
                {kindWords(kind)}
              </Text>
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {ofKind.map(({ name }) => name).join(', ')}
              </Text>
            </Group>
          ))}
        </Stack>
      </Paper>
    </SimpleGrid>
  )
}
