/** Colours of the editor, light and dark in one: the browser chooses by the colour scheme of the page. */
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

const either = (light: string, dark: string): string => `light-dark(${light}, ${dark})`

const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: either('#8b1fa9', '#d19af0') },
  { tag: [tags.string, tags.special(tags.string)], color: either('#a31515', '#e8a87c') },
  { tag: [tags.number, tags.bool, tags.null], color: either('#0b5f73', '#8ed1c0') },
  { tag: tags.regexp, color: either('#a03a00', '#f2a272') },
  { tag: tags.comment, color: either('#4d6b4d', '#93a893'), fontStyle: 'italic' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: either('#0b4a99', '#8bb8f5') },
  { tag: [tags.definition(tags.variableName), tags.className], color: either('#1f3d7a', '#a9c7f7') },
  { tag: tags.propertyName, color: either('#24506b', '#b6d3e8') },
  { tag: tags.invalid, color: either('#c00', '#ff8080') },
])

const base = EditorView.theme({
  '&': {
    height: '100%',
    fontSize: '13.5px',
    color: 'var(--mantine-color-text)',
    backgroundColor: either('#fff', '#1b1d20'),
  },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.55' },
  '.cm-gutters': {
    backgroundColor: either('#f6f7f8', '#212428'),
    color: either('#5c6570', '#9aa3ad'),
    borderRight: `1px solid ${either('#e3e6e9', '#33373c')}`,
  },
  '.cm-activeLine': { backgroundColor: either('#0000000a', '#ffffff0d') },
  '.cm-activeLineGutter': { backgroundColor: either('#e9edf0', '#2c3036') },
  '.cm-content': { caretColor: 'var(--mantine-color-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-tooltip, .cm-panels': {
    backgroundColor: 'var(--mantine-color-body)',
    color: 'var(--mantine-color-text)',
    border: '1px solid var(--mantine-color-default-border)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: either('#0b7285', '#3bc9db'),
    color: either('#fff', '#101113'),
  },
  '.cm-completionDetail': { fontStyle: 'normal', opacity: '1' },
  '.cm-textfield, .cm-button': {
    backgroundColor: 'var(--mantine-color-body)',
    backgroundImage: 'none',
    color: 'var(--mantine-color-text)',
    border: '1px solid var(--mantine-color-default-border)',
    borderRadius: 'var(--mantine-radius-sm)',
    fontSize: '13px',
    padding: '3px 8px',
  },
  '.cm-panel.cm-search': { padding: '6px 8px', fontFamily: 'var(--mantine-font-family)' },
  '.cm-panel.cm-search label': { fontSize: '13px' },
  '.cm-panel.cm-search [name=close]': { fontSize: '18px', padding: '4px 8px' },
  '.cm-diagnostic': { fontFamily: 'var(--mantine-font-family)' },
})

export const editorTheme = [base, syntaxHighlighting(highlight)]

/** The page's policy lets only styles with this mark in. */
export const styleNonce = (): string =>
  document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? ''
