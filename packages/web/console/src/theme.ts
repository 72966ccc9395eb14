/** Colours and sizes. Text of every kind keeps a contrast of 4.5 to what is behind it, in light and in dark. */
import { type CSSVariablesResolver, createTheme } from '@mantine/core'

const closing = { closeButtonProps: { 'aria-label': 'Close' } }

export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: 9,
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  cursorType: 'pointer',
  defaultRadius: 'md',
  respectReducedMotion: true,
  components: {
    Modal: { defaultProps: closing, styles: { title: { fontWeight: 600 } } },
    Drawer: { defaultProps: closing, styles: { title: { fontWeight: 600 } } },
    Notification: { defaultProps: closing, styles: { description: { color: 'var(--mantine-color-dimmed)' } } },
  },
})

/** Colours of badges, alerts and quiet buttons, whose text stands on a light shade of the same colour. */
const tinted = ['teal', 'green', 'blue', 'red', 'orange', 'yellow', 'gray']

const onTint = Object.fromEntries(
  tinted.map((name) => [
    `--mantine-color-${name}-light-color`,
    `color-mix(in srgb, var(--mantine-color-${name}-9), black 40%)`,
  ]),
)

/** A full button grows darker under the pointer, in both schemes: its text is white. */
const underPointer = Object.fromEntries(
  tinted.map((name) => [
    `--mantine-color-${name}-filled-hover`,
    `color-mix(in srgb, var(--mantine-color-${name}-9), black 20%)`,
  ]),
)

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...onTint,
    ...underPointer,
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-6)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    '--mantine-color-anchor': 'color-mix(in srgb, var(--mantine-color-teal-9), black 12%)',
  },
  dark: {
    ...underPointer,
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-2)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--mantine-color-anchor': 'var(--mantine-color-teal-3)',
  },
})
