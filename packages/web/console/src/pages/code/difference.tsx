/** Two texts with what differs: beside each other where there is room, one under the other where there is not. */
import { javascript } from '@codemirror/lang-javascript'
import { MergeView, unifiedMergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { Group, Text, useComputedColorScheme } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import classes from './code.module.css'
import { editorTheme, styleNonce } from './editor-theme.ts'

export type DifferenceProps = { before: string; after: string; labels: [string, string] }

export function Difference({ before, after, labels }: DifferenceProps) {
  const place = useRef<HTMLDivElement>(null)
  const dark = useComputedColorScheme('light') === 'dark'
  const narrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false })
  const [first, second] = labels
  useEffect(() => {
    const shared = (label: string) => [
      EditorView.cspNonce.of(styleNonce()),
      EditorView.darkTheme.of(dark),
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
      lineNumbers(),
      javascript(),
      editorTheme,
    ]
    const collapseUnchanged = { margin: 3, minSize: 6 }
    const view = narrow
      ? new EditorView({
          parent: place.current!,
          doc: after,
          extensions: [
            shared(`${second}, compared with ${first}`),
            unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged }),
          ],
        })
      : new MergeView({
          parent: place.current!,
          a: { doc: before, extensions: shared(first) },
          b: { doc: after, extensions: shared(second) },
          collapseUnchanged,
        })
    return () => view.destroy()
  }, [before, after, dark, narrow, first, second])
  return (
    <div>
      <Group grow gap="xs" mb={4}>
        <Text size="sm" fw={600}>
          {first}
        </Text>
        <Text size="sm" fw={600}>
          {second}
        </Text>
      </Group>
      {before === after && (
        <Text size="sm" c="dimmed" mb={4}>
          Both are the same.
        </Text>
      )}
      <div ref={place} className={classes.difference} />
    </div>
  )
}
