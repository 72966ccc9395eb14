/** Making elements, and the little that stands over the page: the loader and notifications. */

type Options = {
  class?: string
  text?: string
  attributes?: Record<string, string>
  style?: Partial<CSSStyleDeclaration>
  children?: (Node | undefined)[]
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: Options = {},
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  if (options.class !== undefined) made.className = options.class
  if (options.text !== undefined) made.textContent = options.text
  for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value)
  Object.assign(made.style, options.style)
  for (const child of options.children ?? []) if (child !== undefined) made.append(child)
  return made
}

export type Loader = {
  show(): void
  hide(): void
  /** Shown until the promise is settled; each id counts for itself. */
  waitFor<T>(promise: Promise<T>, id?: string): Promise<T>
}

export function createLoader(): Loader {
  const overlay = element('div', {
    class: 'gh-loader',
    attributes: { role: 'status', 'aria-live': 'polite' },
    children: [element('div', { class: 'gh-spinner' }), element('span', { class: 'visually-hidden', text: 'Loading' })],
  })
  const waiting = new Map<string, number>()
  let asked = false
  let unnamed = 0
  const update = () => {
    if (asked || waiting.size > 0) document.body.append(overlay)
    else overlay.remove()
  }
  return {
    show() {
      asked = true
      update()
    },
    hide() {
      asked = false
      update()
    },
    async waitFor(promise, id) {
      unnamed += 1
      const name = id ?? `unnamed ${unnamed}`
      waiting.set(name, (waiting.get(name) ?? 0) + 1)
      update()
      try {
        return await promise
      } finally {
        const left = waiting.get(name)! - 1
        if (left === 0) waiting.delete(name)
        else waiting.set(name, left)
        update()
      }
    },
  }
}

export type Notification = { title?: string; message?: string; type?: string; timeout?: number }

const mostNotifications = 5

export function notifier(): (given: Notification | string) => void {
  const box = element('div', { class: 'gh-notifications', attributes: { role: 'status', 'aria-live': 'polite' } })
  return (given) => {
    const {
      title = '',
      message = '',
      type = '',
      timeout,
    } = typeof given === 'string' ? { title: given } : (given ?? {})
    const close = element('button', { class: 'btn-close', attributes: { type: 'button', 'aria-label': 'Close' } })
    const bad = /error|danger|fail/i.test(type)
    const note = element('div', {
      class: `gh-notification${bad ? ' gh-bad' : ''}`,
      children: [
        element('div', {
          children: [element('strong', { text: String(title) }), element('div', { text: String(message) })],
        }),
        close,
      ],
    })
    close.addEventListener('click', () => note.remove())
    box.append(note)
    while (box.childElementCount > mostNotifications) box.firstElementChild!.remove()
    document.body.append(box)
    setTimeout(() => note.remove(), timeout ?? 6_000)
  }
}
