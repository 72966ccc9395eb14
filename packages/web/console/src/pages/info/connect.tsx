/** What a program needs to sign somebody in: address, key and secret, and the call itself ready to paste. */
import { Paper, SimpleGrid, Stack, Tabs, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CopyBlock, CopyLine } from '../../frame/copy.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { systemQuery, useSystemKey } from '../../frame/system-frame.tsx'

export function ConnectPage() {
  const key = useSystemKey()
  const system = useQuery(systemQuery(key)).data!
  const url = location.origin
  return (
    <>
      <PageHead title={system.name} text={system.description || 'This system has no description yet.'} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Paper withBorder p="md" miw={0}>
          <Stack gap="sm">
            <CopyLine label="Address" value={url} />
            <CopyLine label="System Key" value={system.appId} />
            <CopyLine label="System Secret" value={system.appSecret} hidden />
          </Stack>
        </Paper>
        <Paper withBorder p="md" miw={0}>
          <Title order={2} size="h4">
            Sign a user in
          </Title>
          <Text size="sm" c="dimmed" mb="xs">
            {system.auth_service === ''
              ? 'The password decides. The answer holds the token in user_token.'
              : `${system.auth_service} decides, and is handed the whole body: send what it asks for.`}
          </Text>
          <Samples url={url} systemKey={system.appId} secret={system.appSecret} />
        </Paper>
      </SimpleGrid>
    </>
  )
}

type Facts = { url: string; systemKey: string; secret: string }

const languages = ['curl', 'JavaScript', 'Python'] as const

function Samples(facts: Facts) {
  const texts = { curl: curl(facts), JavaScript: javascript(facts), Python: python(facts) }
  return (
    <Tabs defaultValue="curl">
      <Tabs.List aria-label="Language">
        {languages.map((name) => (
          <Tabs.Tab key={name} value={name}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {languages.map((name) => (
        <Tabs.Panel key={name} value={name} pt="xs">
          <CopyBlock
            text={texts[name]}
            shown={texts[name].replace(facts.secret, '•'.repeat(12))}
            what={`the sign-in in ${name}`}
          />
        </Tabs.Panel>
      ))}
      <Text size="xs" c="dimmed" mt={4}>
        Copied, it holds the secret.
      </Text>
    </Tabs>
  )
}

const curl = ({ url, systemKey, secret }: Facts): string =>
  `curl -s ${url}/api/v/1/user/auth \\
  -H 'ClearBlade-SystemKey: ${systemKey}' \\
  -H 'ClearBlade-SystemSecret: ${secret}' \\
  -d '{"email":"EMAIL","password":"PASSWORD"}'`

const javascript = ({ url, systemKey, secret }: Facts): string =>
  `const response = await fetch('${url}/api/v/1/user/auth', {
  method: 'POST',
  headers: {
    'ClearBlade-SystemKey': '${systemKey}',
    'ClearBlade-SystemSecret': '${secret}',
  },
  body: JSON.stringify({ email: 'EMAIL', password: 'PASSWORD' }),
})
const { user_token, options } = await response.json()`

const python = ({ url, systemKey, secret }: Facts): string =>
  `import json, urllib.request

request = urllib.request.Request(
    "${url}/api/v/1/user/auth",
    data=json.dumps({"email": "EMAIL", "password": "PASSWORD"}).encode(),
    headers={
        "ClearBlade-SystemKey": "${systemKey}",
        "ClearBlade-SystemSecret": "${secret}",
    },
)
answer = json.load(urllib.request.urlopen(request))
print(answer["user_token"], answer["options"])`
