/** How an edge is started at its site: the token, where it was made a moment ago, and the commands with nothing left to fill in. */
import { Alert, Button, Code, Group, Stack, Text, Title } from '@mantine/core'
import { CopyBlock, CopyLine } from '../../frame/copy.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'

type Given = { name: string; token?: string; onDone: () => void }

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127\./.test(host)

export function SetupInstructions({ name, token, onDone }: Given) {
  const key = useSystemKey()
  const { origin, protocol, hostname } = location
  const isOpen = protocol === 'http:' && !isLoopback(hostname)
  const start = [
    'npx gatehouse edge',
    `--platform ${origin}`,
    `--system ${key}`,
    `--name ${name}`,
    `--data ./edge-${name}`,
    '--port 9001',
    ...(isOpen ? ['--insecure'] : []),
  ].join(' \\\n  ')
  const file = `${name}.token`
  return (
    <Stack>
      {token !== undefined && (
        <Alert color="yellow" title="The token is shown here and nowhere else">
          <Text size="sm">It enrols this one edge, once. Copy it now, or make another later with New Token.</Text>
        </Alert>
      )}
      {token !== undefined && <CopyLine label="Token" value={token} />}
      <Title order={2} size="h5">
        At a terminal of the site
      </Title>
      <Text size="sm">
        In a folder with Gatehouse (<Code>npm ci</Code> made it ready). It asks for the token, and needs it once.
      </Text>
      <CopyBlock text={start} what="the start command" />
      <Title order={2} size="h5">
        Without a person there
      </Title>
      <Text size="sm">Paste the token into a file that only its owner reads, and name the file.</Text>
      <CopyBlock
        text={`(umask 077; cat > ${file})\n${start} \\\n  --token-file ${file}`}
        what="the start with a token file"
      />
      {isOpen && (
        <Alert color="red" title="This platform is not reached by https">
          <Text size="sm">
            The commands say <Code>--insecure</Code>. What the link carries is sealed all the same; use it in closed
            networks alone.
          </Text>
        </Alert>
      )}
      <Text size="sm" c="dimmed">
        The edge dials the platform; nothing needs to reach it from here. It listens on loopback until{' '}
        <Code>--host</Code> says otherwise.
      </Text>
      <Group>
        <Button onClick={onDone}>{token === undefined ? 'Close' : 'I have the token'}</Button>
      </Group>
    </Stack>
  )
}
