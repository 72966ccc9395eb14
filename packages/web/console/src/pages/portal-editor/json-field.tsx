/** A labelled box for a value as JSON. What is no JSON yet stays in the box and changes nothing. */
import { Textarea } from '@mantine/core'
import { useState } from 'react'

type Props = {
  label: string
  value: unknown
  description?: string
  /** Why a value cannot be taken, though it is JSON; undefined where it can. */
  refuse?: (value: unknown) => string | undefined
  onChange: (value: unknown) => void
}

const shown = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value, null, 2))

function read(words: string): { value: unknown } | { why: string } {
  if (words.trim() === '') return { value: undefined }
  try {
    return { value: JSON.parse(words) }
  } catch (error) {
    return { why: `Not JSON yet: ${(error as Error).message}` }
  }
}

export function JsonField({ label, value, description, refuse, onChange }: Props) {
  const [typed, setTyped] = useState<{ words: string; of: string | undefined }>()
  // What was typed stands as it was, unless the value became another one elsewhere.
  const words = typed !== undefined && typed.of === JSON.stringify(value) ? typed.words : shown(value)
  const found = read(words)
  const why = 'why' in found ? found.why : refuse?.(found.value)
  return (
    <Textarea
      label={label}
      {...(description !== undefined && { description })}
      value={words}
      error={why}
      autosize
      minRows={2}
      maxRows={14}
      spellCheck={false}
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
      onChange={(event) => {
        const next = event.currentTarget.value
        const made = read(next)
        const taken = 'value' in made && refuse?.(made.value) === undefined
        setTyped({ words: next, of: JSON.stringify(taken ? made.value : value) })
        if (taken) onChange(made.value)
      }}
    />
  )
}
