/** A package's README as HTML: Markdown only, since whatever HTML is in it was written by a stranger. */
import MarkdownIt from 'markdown-it'

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false }).disable('image')

/** Text in, HTML out: no tags of the author's, no pictures from elsewhere, links to http, https and mailto alone. */
export const renderReadme = (text: string): string => markdown.render(text.slice(0, 200_000))
