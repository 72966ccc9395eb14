/** A package's README as HTML: Markdown only, since whatever HTML is in it was written by a stranger. */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
/** Loaded with the first README. */
const renderer = (): typeof import('markdown-it').default => require('markdown-it')

/** Text in, HTML out: no tags of the author's, no pictures from elsewhere, links to http, https and mailto alone. */
export function renderReadme(text: string): string {
  const Markdown = renderer()
  const markdown = new Markdown({ html: false, linkify: false, typographer: false }).disable('image')
  return markdown.render(text.slice(0, 200_000))
}
