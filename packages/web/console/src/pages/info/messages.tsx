/** System Settings → Messages: where codes and other messages go, and who carries them. */
import { ActionIcon, Button, Group, NumberInput, Paper, Radio, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { CopyLine } from '../../frame/copy.tsx'
import { type MessageProvider, sendingQuery, useSystemKey } from '../../frame/system-frame.tsx'
import { useSettingsDraft } from './draft.ts'
import { Mail } from './mail.tsx'
import { SaveBar } from './save-bar.tsx'

const fresh = {
  twilio: { kind: 'twilio', account: '', token: 'secret:TWILIO_TOKEN', from: '' },
  webhook: { kind: 'webhook', url: 'https://', secret: 'secret:WEBHOOK_SECRET' },
} as const satisfies Record<MessageProvider['kind'], MessageProvider>

export function MessagesTab() {
  const key = useSystemKey()
  const draft = useSettingsDraft('The message settings are saved.')
  const sending = useQuery(sendingQuery(key))
  const { values, set, save } = draft
  const providers = values.message_providers
  const change = (index: number, next: MessageProvider | undefined): void =>
    set('message_providers', next === undefined ? providers.toSpliced(index, 1) : providers.with(index, next))
  const { gateway } = sending.data ?? {}
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate({})
      }}
    >
      <Stack maw={760}>
        <Radio.Group
          label="Messages go"
          value={values.messages_to}
          onChange={(value) => set('messages_to', value as '' | 'inbox' | 'provider')}
        >
          <Stack gap={4} mt={4}>
            <Radio value="" label="where the mode of the node says: to the inbox in development, else to a provider" />
            <Radio value="inbox" label="to the inbox" />
            <Radio value="provider" label="to a provider, also in development" />
          </Stack>
        </Radio.Group>
        <TextInput
          label="Country of phone numbers without a country code"
          description="Two capital letters, as US or DE. Empty: such numbers are refused."
          maw={320}
          maxLength={2}
          value={values.phone_country}
          onChange={(event) => set('phone_country', event.currentTarget.value.toUpperCase())}
        />
        <Group align="flex-end">
          <TextInput
            label="Text of codes that edges have sent"
            description="{code} stands where the code goes. Sign-ins here have the text of their auth service."
            maxLength={500}
            flex={1}
            miw={240}
            value={values.code_message}
            onChange={(event) => set('code_message', event.currentTarget.value)}
          />
          <NumberInput
            label="Their digits"
            min={6}
            max={10}
            w={120}
            value={values.code_digits}
            onChange={(digits) => typeof digits === 'number' && set('code_digits', digits)}
          />
        </Group>
        <div>
          <Title order={2} size="h4">
            Providers
          </Title>
          <Text size="sm" c="dimmed">
            They are tried in this order. A token stands here by the name of a secret, never itself.
          </Text>
        </div>
        {providers.length === 0 && <Text size="sm">There is none: messages can go to the inbox alone.</Text>}
        {providers.map((provider, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: providers have no name; their place is what tells them apart
          <Provider key={index} provider={provider} onChange={(next) => change(index, next)} />
        ))}
        <Group gap="xs">
          {(['twilio', 'webhook'] as const).map((kind) => (
            <Button
              key={kind}
              variant="default"
              size="xs"
              leftSection={<IconPlus size={14} />}
              onClick={() => set('message_providers', [...providers, fresh[kind]])}
            >
              {kind === 'twilio' ? 'Twilio account' : 'Webhook'}
            </Button>
          ))}
        </Group>
        <Mail draft={draft} />
        <SaveBar draft={draft} />
        {gateway !== undefined && (
          <Paper withBorder p="md" mt="md">
            <Stack gap="sm">
              <Text size="sm">
                In development this node answers as a text message provider would. Code that speaks to Twilio can be
                given this account:
              </Text>
              <CopyLine label="Account SID" value={gateway.account_sid} />
              <CopyLine label="Auth Token" value={gateway.auth_token} hidden />
            </Stack>
          </Paper>
        )}
      </Stack>
    </form>
  )
}

type ProviderProps = { provider: MessageProvider; onChange: (next: MessageProvider | undefined) => void }

function Provider({ provider, onChange }: ProviderProps) {
  const field = (label: string, name: string, value: string, description?: string) => (
    <TextInput
      label={label}
      description={description}
      required
      value={value}
      onChange={(event) => onChange({ ...provider, [name]: event.currentTarget.value } as MessageProvider)}
    />
  )
  const isTwilio = provider.kind === 'twilio'
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="xs">
        <Text fw={600}>{isTwilio ? 'Twilio' : 'Webhook'}</Text>
        <ActionIcon variant="subtle" color="gray" aria-label="Remove this provider" onClick={() => onChange(undefined)}>
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      <Stack gap="xs">
        {isTwilio ? (
          <>
            {field('Account SID', 'account', provider.account)}
            {field('Auth Token', 'token', provider.token, 'secret: and the name of a secret of this system')}
            {provider.messaging_service === undefined
              ? field('From', 'from', provider.from ?? '', 'A number as +15005550006, a short code or a name')
              : field('Messaging service', 'messaging_service', provider.messaging_service)}
          </>
        ) : (
          <>
            {field('Address', 'url', provider.url)}
            {field('Secret', 'secret', provider.secret, 'secret: and the name of a secret of this system')}
          </>
        )}
      </Stack>
    </Paper>
  )
}
