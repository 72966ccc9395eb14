/** Colours and sizes. Text of every kind keeps a contrast of 4.5 to what is behind it, in light and in dark. */
import { type CSSVariablesResolver, createTheme } from '@mantine/core'

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
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Notification: {
      defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } },
      styles: { description: { color: 'var(--mantine-color-dimmed)' } },
    },
  },
})

const darker = (variable: string, share: string) =>
  Object.fromEntries(
    ['teal', 'green', 'blue', 'orange', 'red'].map((name) => [
      `--mantine-color-${name}-${variable}`,
      `color-mix(in srgb, var(--mantine-color-${name}-9), black ${share})`,
    ]),
  )

/** Text on a tint of its own colour, and buttons under the pointer, which the library's own shades are too pale for. */
const onTints = darker('light-color', '30%')
const hovered = darker('filled-hover', '12%')

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...onTints,
    ...hovered,
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-6)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    '--mantine-color-anchor': 'var(--mantine-color-teal-9)',
  },
  dark: {
    ...hovered,
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-2)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--mantine-color-anchor': 'var(--mantine-color-teal-3)',
  },
})
