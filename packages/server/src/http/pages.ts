/** The few plain pages that a node shows without the console. */
import { createHash } from 'node:crypto'
import type { CatalogueEntry } from '../deploy/catalogue.ts'
import { renderReadme } from '../deploy/readme.ts'
import { Reply } from './route.ts'

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem;color:#1c2430;background:#fbfaf7}
h1{font-size:1.6rem}code,pre{background:#eeebe3;border-radius:4px;padding:.1em .3em}pre{padding:.8em;overflow:auto}pre code{padding:0;background:none}
label{display:block;margin:.8em 0 .2em}input{font:inherit;padding:.4em;width:100%;box-sizing:border-box}
button{font:inherit;margin-top:1em;padding:.5em 1.2em}#answer{margin-top:1em;font-weight:600}
@media (prefers-color-scheme:dark){body{color:#e8e6df;background:#171a1f}code,pre{background:#262b33}}`

const plainPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

const policyWith = (script: string): string =>
  `${plainPolicy}; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'; connect-src 'self'; form-action 'none'`

/** A page of ours: it may run the one script that it was made with, and nothing else. */
export const html = (text: string, script?: string): Reply =>
  new Reply(text, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': script === undefined ? plainPolicy : policyWith(script),
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    },
  })

export const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style></head><body>${body}</body></html>`

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`)

/** Sentences under a heading, without anything to do. */
export const plainPage = (title: string, sentences: readonly string[]): Reply =>
  html(page(escaped(title), `<h1>${escaped(title)}</h1>${sentences.map((one) => `<p>${escaped(one)}</p>`).join('')}`))

export function homePage(url: string, needsDeveloper: boolean): Reply {
  const next = needsDeveloper
    ? '<p><b>Next:</b> open the one-time link that this node printed when it started; it makes the first developer.</p>'
    : `<p><b>Next:</b> sign in as a developer and make a system:</p><pre>curl -s ${escaped(url)}/admin/auth -d '{"email":"…","password":"…"}'</pre>`
  const text = page(
    'Gatehouse',
    `<h1>Gatehouse</h1><p>This is a Gatehouse node: an application platform for connected things whose sign-in is programmable.
It speaks the ClearBlade protocol at <code>${escaped(url)}</code>.</p>${next}
<p>The README shows a first sign-in in five minutes, by curl and by SDK. Packages to install: <a href="/packages">the catalogue</a>.</p>`,
  )
  return html(text)
}

const setupScript = `const form=document.querySelector('form'),answer=document.querySelector('#answer');
form.addEventListener('submit',async event=>{event.preventDefault();answer.textContent='One moment …';
const body=Object.fromEntries(new FormData(form));body.key=new URLSearchParams(location.search).get('key')??'';
try{const response=await fetch('/admin/reg',{method:'POST',body:JSON.stringify(body)});const result=await response.json();
if(response.ok){form.remove();answer.textContent='Done. You are the first developer of this node, and its administrator. This link is used up.'}
else answer.textContent=result.error?.detail??'That did not work.'}catch{answer.textContent='The node did not answer.'}});`

/** One form; the key stays in the address and is sent once. The policy allows this page's own script alone. */
export function setupPage(key: string): Reply {
  const text = page(
    'Gatehouse: the first developer',
    key === ''
      ? '<h1>The first developer</h1><p>This page needs the one-time link that the node printed when it started.</p>'
      : `<h1>The first developer</h1><p>Whoever fills this in becomes the administrator of this node. The link works once, within an hour.</p>
<form><label for="email">E-mail</label><input id="email" name="email" type="email" required autocomplete="username">
<label for="password">Password, 15 characters or more</label><input id="password" name="password" type="password" minlength="15" required autocomplete="new-password">
<button>Make me the first developer</button></form><p id="answer" role="status"></p><script>${setupScript}</script>`,
  )
  return html(text, setupScript)
}

export function cataloguePage(url: string, entries: CatalogueEntry[]): Reply {
  const items = entries
    .map(
      ({ name, version, description }) =>
        `<li><a href="/packages/${escaped(name)}"><b>${escaped(name)}</b></a> ${escaped(version)}<br>${escaped(description)}</li>`,
    )
    .join('')
  const list = items === '' ? '<p>This node ships no packages.</p>' : `<ul>${items}</ul>`
  return html(
    page('Packages', `<h1>Packages</h1><p>What ships with this node at <code>${escaped(url)}</code>:</p>${list}`),
  )
}

const copyScript = `const button=document.querySelector('button'),answer=document.querySelector('#answer');
button.addEventListener('click',async()=>{try{await navigator.clipboard.writeText(document.querySelector('#address').textContent);answer.textContent='Copied.'}
catch{answer.textContent='Select the address and copy it by hand.'}});`

/** Description, address to copy, instructions. The README is a stranger's text and shown without its own HTML. */
export function packagePage(url: string, entry: CatalogueEntry): Reply {
  const address = `${url}/packages/${entry.name}`
  const text = page(
    `Package ${entry.name}`,
    `<p><a href="/packages">Packages</a></p><h1>${escaped(entry.name)} <small>${escaped(entry.version)}</small></h1>
<p>${escaped(entry.description)}</p><p>Address to install from:</p><pre id="address">${escaped(address)}</pre>
<button>Copy the address</button><p id="answer" role="status"></p><hr>${renderReadme(entry.readme)}<script>${copyScript}</script>`,
  )
  return html(text, copyScript)
}
