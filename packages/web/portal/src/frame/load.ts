/** External scripts and resources of a portal, loaded one after the other before its widgets run. Each once. */
import type { Resource } from '../model/model.ts'
import { element } from './dom.ts'

const patienceMs = 15_000

const loaded = new Map<string, Promise<void>>()

/** Addresses without a scheme, or with http, are asked for by https: the page takes code by nothing else. */
export const scriptAddress = (url: string): string => url.replace(/^(?:http:)?\/\//i, 'https://')

/** Rejects with a sentence where a script does not come. */
export function loadScript(url: string): Promise<void> {
  const address = scriptAddress(url)
  const known = loaded.get(address)
  if (known !== undefined) return known
  const isStyle = /\.css(?:[?#]|$)/i.test(address)
  const made = new Promise<void>((resolve, reject) => {
    const tag = isStyle
      ? element('link', { attributes: { rel: 'stylesheet', href: address } })
      : element('script', { attributes: { src: address } })
    if (tag instanceof HTMLScriptElement) tag.async = false
    const fail = () => reject(new Error(`${address} did not come.`))
    const late = setTimeout(fail, patienceMs)
    tag.addEventListener('load', () => {
      clearTimeout(late)
      resolve()
    })
    tag.addEventListener('error', () => {
      clearTimeout(late)
      fail()
    })
    document.head.append(tag)
  })
  loaded.set(address, made)
  return made
}

/** Inline, so that a script runs as one of the page, with its declarations as globals. */
export function addResource({ name, kind, code }: Resource): void {
  const tag = element(kind === 'css' ? 'style' : 'script', { attributes: { 'data-resource': name } })
  tag.textContent = kind === 'css' ? code : `${code}\n//# sourceURL=${encodeURIComponent(name)}`
  document.head.append(tag)
}
