/** A labelled box for a colour: any that a style sheet knows, typed, or one that the browser's own picker gives. */
import { TextInput } from '@mantine/core'
import classes from './portal-editor.module.css'

type Props = {
  label: string
  value: string
  /** What is said while it is empty. */
  empty: string
  onChange: (value: string | undefined) => void
}

/** The picker knows colours of six digits alone. */
const picked = (value: string): string => {
  const [, short] = /^#([0-9a-f]{3})$/i.exec(value) ?? []
  if (short !== undefined) return `#${Array.from(short, (digit) => digit + digit).join('')}`
  return /^#[0-9a-f]{6}$/i.test(value) ? value : '#808080'
}

export function ColourField({ label, value, empty, onChange }: Props) {
  return (
    <TextInput
      label={label}
      placeholder={empty}
      value={value}
      leftSectionPointerEvents="all"
      leftSection={
        <input
          type="color"
          className={classes.picker}
          aria-label={`Pick: ${label}`}
          style={{ opacity: value === '' ? 0.35 : 1 }}
          value={picked(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      }
      onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
    />
  )
}
