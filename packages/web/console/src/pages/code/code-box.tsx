/** A small code editor inside a form: bodies of functions, HTML and CSS. Its text is the form's. */
import {
  autocompletion,
  type CompletionContext,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { css } from '@codemirror/lang-css'
import { html } from '@codemirror/lang-html'
import { javascript, localCompletionSource } from '@codemirror/lang-javascript'
import { bracketMatching, indentOnInput } from '@codemirror/language'
import { Compartment, EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { typeOverSelection } from './editor.tsx'
import { editorTheme, styleNonce } from './editor-theme.ts'

export type CodeBoxProps = {
  label: string
  value: string
  language: 'javascript' | 'html' | 'css'
  /** Names that its code sees, offered while one is typed. */
  names?: readonly string[]
  className?: string
  onChange: (value: string) => void
}

const completeNames = (names: () => readonly string[]) => (context: CompletionContext) => {
  const word = context.matchBefore(/[\w$.]+/)
  if (word === null && !context.explicit) return null
  const options = names().map((label) => ({ label, type: 'variable' }))
  return { from: word?.from ?? context.pos, options, validFor: /^[\w$.]*$/ }
}

export function CodeBox({ label, value, language, names = [], className, onChange }: CodeBoxProps) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const colours = useRef(new Compartment())
  // The editor is made once; what it calls is always the newest.
  const newest = useRef({ onChange, names })
  newest.current = { onChange, names }
  const dark = useComputedColorScheme('light') === 'dark'

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once, so that undo and place are kept
  useEffect(() => {
    const languages = { javascript, html, css }
    const made = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(styleNonce()),
          colours.current.of(EditorView.darkTheme.of(dark)),
          typeOverSelection,
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          languages[language](),
          language === 'javascript'
            ? autocompletion({ override: [completeNames(() => newest.current.names), localCompletionSource] })
            : autocompletion(),
          // Without the Tab key, by which a person comes to the next field of the form.
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) newest.current.onChange(update.state.doc.toString())
          }),
          editorTheme,
        ],
      }),
    })
    view.current = made
    return () => made.destroy()
  }, [])

  useEffect(() => {
    view.current?.dispatch({ effects: colours.current.reconfigure(EditorView.darkTheme.of(dark)) })
  }, [dark])

  // What came from elsewhere, as by an undo.
  useEffect(() => {
    const { doc } = view.current!.state
    if (doc.toString() !== value) view.current!.dispatch({ changes: { from: 0, to: doc.length, insert: value } })
  }, [value])

  return <div ref={place} className={className} />
}
