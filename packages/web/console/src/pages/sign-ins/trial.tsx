/** Try: a made-up sign-in over a copy of the system. Nothing is sent, kept or opened. */
import { Button, Checkbox, Group, Paper, PasswordInput, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import type { Trial, Which } from './trial-shapes.ts'
import { TrialStepOf } from './trial-step.tsx'
import { WhichCode } from './which-code.tsx'

/** What most services want next, from the answer and the code of the first step. */
const second = { params: { factor: 2, factor_id: '$1.options.factor_id', code: '$1.code' } }

export function TrialTab() {
  const key = useSystemKey()
  const [which, setWhich] = useState<Which>({})
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [isRight, setRight] = useState(true)
  const [answers, setAnswers] = useState(false)
  const [address, setAddress] = useState('')
  const [time, setTime] = useState('')
  const trying = useMutation({
    mutationFn: () => {
      const first = { params: { email: email.trim(), password: password || 'made-up', factor: 1 } }
      const context = {
        ...(address.trim() !== '' && { address: address.trim() }),
        ...(time !== '' && { time: new Date(time).toISOString() }),
      }
      const body = {
        ...which,
        steps: answers ? [first, second] : [first],
        assume_password: isRight,
        ...(Object.keys(context).length > 0 && { context }),
      }
      return ask<Trial>(`/admin/v/4/system/${key}/auth-service/try`, { method: 'POST', body })
    },
  })
  return (
    <Stack>
      <Paper withBorder p="md">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            trying.mutate()
          }}
        >
          <Stack>
            <Text size="sm" c="dimmed">
              The node goes through the door of sign-in over a copy of the system that is gone afterwards. No message is
              sent, no session is opened, no failure counts.
            </Text>
            <WhichCode which={which} onWhich={setWhich} />
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <TextInput
                label="Email"
                required
                autoComplete="off"
                value={email}
                onChange={(event) => setEmail(event.currentTarget.value)}
              />
              <PasswordInput
                label="Password"
                placeholder={isRight ? 'Any is taken to be right' : ''}
                required={!isRight}
                autoComplete="off"
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
              <TextInput
                label="From the address"
                placeholder="As it would be"
                value={address}
                onChange={(event) => setAddress(event.currentTarget.value)}
              />
              <TextInput
                label="At the time"
                type="datetime-local"
                value={time}
                onChange={(event) => setTime(event.currentTarget.value)}
              />
            </SimpleGrid>
            <Checkbox
              label="Take the password to be right"
              description="So you need nobody's real one."
              checked={isRight}
              onChange={(event) => setRight(event.currentTarget.checked)}
            />
            <Checkbox
              label="Answer with the code"
              description="A second step, with the code that the first one led to."
              checked={answers}
              onChange={(event) => setAnswers(event.currentTarget.checked)}
            />
            <Group>
              <Button type="submit" loading={trying.isPending}>
                Try it
              </Button>
            </Group>
          </Stack>
        </form>
      </Paper>
      {trying.isError && <Failure error={trying.error} title="It could not be tried" />}
      {trying.isSuccess && (
        <Stack role="status" aria-label="What would be decided">
          {trying.data.steps.map((step) => (
            <TrialStepOf key={step.step} step={step} />
          ))}
          {trying.data.cut.length > 0 && (
            <Text size="sm" c="dimmed">
              Not all rows were copied, so this rests on the newest of them.
            </Text>
          )}
        </Stack>
      )}
    </Stack>
  )
}
