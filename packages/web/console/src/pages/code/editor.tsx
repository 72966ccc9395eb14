/** The code editor: CodeMirror in a React component. What its text means is the business of whoever shows it. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { javascript, javascriptLanguage, localCompletionSource } from '@codemirror/lang-javascript'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language'
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Text } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { useComputedColorScheme } from '@mantine/core'
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react'
import classes from './code.module.css'
import type { Problem } from './code-api.ts'
import { type CompletionFacts, completeGlobals } from './completion.ts'
import { editorTheme, styleNonce } from './editor-theme.ts'

export type EditorHandle = {
  text(): string
  /** Replaces the text; one undo brings the old one back. */
  replace(text: string): void
  find(): void
  goTo(problem: Problem): void
}

type Props = {
  label: string
  initial: string
  problem: Problem | undefined
  facts: CompletionFacts
  /** After every change of the text. */
  onEdit: (text: Text) => void
  /** Ctrl+S, or Cmd+S. */
  onSave: () => void
  handle: Ref<EditorHandle>
}

export function Editor({ label, initial, problem, facts, onEdit, onSave, handle }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const colours = useRef(new Compartment())
  // The editor is made once; what it calls is always the newest.
  const newest = useRef({ onEdit, onSave, facts })
  newest.current = { onEdit, onSave, facts }
  const dark = useComputedColorScheme('light') === 'dark'

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once, so that undo, search and place are kept
  useEffect(() => {
    const made = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: initial,
        extensions: [
          colours.current.of(EditorView.darkTheme.of(dark)),
          extensions(() => newest.current.facts),
          keymap.of([
            {
              key: 'Mod-s',
              preventDefault: true,
              run: () => {
                newest.current.onSave()
                return true
              },
            },
          ]),
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) newest.current.onEdit(update.state.doc)
          }),
        ],
      }),
    })
    view.current = made
    show(made, problem)
    return () => made.destroy()
  }, [])

  useEffect(() => {
    view.current?.dispatch({ effects: colours.current.reconfigure(EditorView.darkTheme.of(dark)) })
  }, [dark])

  useEffect(() => {
    if (view.current !== undefined) show(view.current, problem)
  }, [problem])

  useImperativeHandle(handle, () => ({
    text: () => view.current!.state.doc.toString(),
    replace: (text) =>
      view.current!.dispatch({ changes: { from: 0, to: view.current!.state.doc.length, insert: text } }),
    find: () => openSearchPanel(view.current!),
    goTo: (where) => {
      const at = positionOf(view.current!.state.doc, where)
      view.current!.dispatch({ selection: { anchor: at }, scrollIntoView: true })
      view.current!.focus()
    },
  }))

  return <div ref={place} className={classes.editor} />
}

/**
 * Typing over a selection is done here. The browser would carry the colours of what it replaces over as inline styles, which
 * the page's policy refuses.
 */
export const typeOverSelection = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== 'insertText' || event.data === null || view.composing) return false
    const { state } = view
    const { main } = state.selection
    const chosen = main.empty ? shownSelection(view) : main
    if (chosen === undefined) return false
    const { from, to } = chosen
    const text = event.data
    const insert = state.toText(text)
    const change = main.empty
      ? { changes: { from, to, insert }, selection: { anchor: from + insert.length } }
      : state.replaceSelection(insert)
    const plain = () => state.update(change, { userEvent: 'input.type' })
    const handlers = state.facet(EditorView.inputHandler)
    if (!handlers.some((handle) => handle(view, from, to, text, plain))) view.dispatch(plain())
    event.preventDefault()
    return true
  },
})

/** Of the page: the editor hears of a new selection only a moment later. */
function shownSelection(view: EditorView): { from: number; to: number } | undefined {
  const shown = document.getSelection()
  if (shown === null || shown.isCollapsed || !view.contentDOM.contains(shown.anchorNode)) return undefined
  const { startContainer, startOffset, endContainer, endOffset } = shown.getRangeAt(0)
  return { from: view.posAtDOM(startContainer, startOffset), to: view.posAtDOM(endContainer, endOffset) }
}

const extensions = (facts: () => CompletionFacts) => [
  EditorView.cspNonce.of(styleNonce()),
  typeOverSelection,
  lineNumbers(),
  highlightActiveLineGutter(),
  history(),
  foldGutter(),
  lintGutter(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  search({ top: true }),
  autocompletion({ override: [completeGlobals(facts), localCompletionSource] }),
  javascript(),
  javascriptLanguage.data.of({ closeBrackets: { brackets: ['(', '[', '{', "'", '"', '`'] } }),
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...searchKeymap,
    ...historyKeymap,
    ...foldKeymap,
    ...completionKeymap,
    ...lintKeymap,
    indentWithTab,
  ]),
  editorTheme,
]

function positionOf(doc: Text, { line, column }: Problem): number {
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines))
  return Math.min(found.from + Math.max(column, 0), found.to)
}

function show(view: EditorView, problem: Problem | undefined): void {
  const { doc } = view.state
  const diagnostics: Diagnostic[] = []
  if (problem !== undefined) {
    const from = positionOf(doc, problem)
    const to = Math.min(from + 1, doc.length)
    diagnostics.push({ from, to, severity: 'error', message: problem.message })
  }
  view.dispatch(setDiagnostics(view.state, diagnostics))
}
