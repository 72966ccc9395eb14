/** Where the package comes from: an address that the node fetches, or an archive from this computer. */
import { Button, FileButton, Group, Paper, Stack, Text, TextInput } from '@mantine/core'
import { IconUpload } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { askTelling, type Progress } from '../../lines.ts'
import type { Looked } from './install.tsx'
import type { Fetched, SourceBody } from './shapes.ts'
import { advance, Ticking } from './ticking.tsx'

type Props = { url: string; onFetched: (looked: Looked) => void }

export function FetchForm({ url: given, onFetched }: Props) {
  const [url, setUrl] = useState(given)
  const [steps, setSteps] = useState<Progress[]>([])
  const fetching = useMutation({
    mutationFn: async (source: SourceBody): Promise<Looked> => {
      setSteps([])
      const fetched = await askTelling<Fetched>('/admin/v/4/packages/fetch', {
        body: source,
        onProgress: (next) => setSteps((before) => advance(before, next)),
      })
      return { source, fetched }
    },
    onSuccess: onFetched,
  })
  const upload = async (file: File | null): Promise<void> => {
    if (file !== null) fetching.mutate({ contents: await base64Of(file), archive_name: file.name })
  }
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          fetching.mutate({ url: url.trim() })
        }}
      >
        <Stack gap="sm">
          <Group align="flex-end" gap="sm">
            <TextInput
              flex={1}
              miw={220}
              label="URL"
              description="A repository, an archive, or a package of a catalogue"
              placeholder="https://github.com/owner/repository"
              required
              autoFocus
              value={url}
              onChange={(event) => setUrl(event.currentTarget.value)}
            />
            <Button type="submit" loading={fetching.isPending}>
              Fetch
            </Button>
          </Group>
          <Group gap="xs">
            <Text size="sm" c="dimmed">
              Or take a file of this computer:
            </Text>
            <FileButton accept=".zip,.tar.gz,.tgz,application/zip,application/gzip" onChange={upload}>
              {(props) => (
                <Button
                  {...props}
                  variant="default"
                  size="xs"
                  leftSection={<IconUpload size={14} />}
                  disabled={fetching.isPending}
                >
                  Upload a zip or tar.gz
                </Button>
              )}
            </FileButton>
          </Group>
          {fetching.isPending && <Ticking steps={steps} doing="Fetching" />}
          {fetching.isError && <Failure error={fetching.error} title="The package was not fetched" />}
        </Stack>
      </form>
    </Paper>
  )
}

const base64Of = (file: File): Promise<string> =>
  new Promise((done, failed) => {
    const reader = new FileReader()
    reader.onload = () => done(String(reader.result).split(',', 2)[1] ?? '')
    reader.onerror = () => failed(reader.error)
    reader.readAsDataURL(file)
  })
