/**
 * The instructions of a package. They come as HTML that the node made from Markdown, without the author's own tags,
 * scripts and pictures; the page's policy holds the same again. Links open beside the console.
 */
import { Typography } from '@mantine/core'
import { useEffect, useRef } from 'react'
import classes from './written.module.css'

export function Written({ html }: { html: string }) {
  const place = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the links are those of this very text
  useEffect(() => {
    for (const link of place.current?.querySelectorAll('a') ?? []) {
      // What leads nowhere here (a file of the package) is only text.
      if (!/^(?:https?|mailto):/.test(link.getAttribute('href') ?? '')) link.removeAttribute('href')
      else Object.assign(link, { target: '_blank', rel: 'noreferrer noopener' })
    }
    for (const block of place.current?.querySelectorAll('pre') ?? []) block.tabIndex = 0
  }, [html])
  return (
    <Typography fz="sm" ref={place} className={classes.text} style={{ overflowWrap: 'anywhere' }}>
      {/* biome-ignore lint/security/noDangerouslySetInnerHtml: see above; renderReadme of the node is its only source */}
      <div dangerouslySetInnerHTML={{ __html: html }} />
    </Typography>
  )
}
