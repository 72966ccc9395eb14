/** Brings one widget up in its place, and keeps what fails in it to itself. */
import { messageOf } from '../code/run.ts'
import { follow, giveOut, isWired, sourceOf } from '../code/settings.ts'
import type { Widget } from '../model/model.ts'
import { graphColours, styleOf } from '../model/theme.ts'
import { kindNamed } from '../widgets/kinds.ts'
import type { WidgetContext, WidgetKind } from '../widgets/widget.ts'
import { element } from './dom.ts'
import type { PortalMeans } from './means.ts'

export type ShownWidget = { element: HTMLElement; remove(): void; narrow: boolean }

/** `ready` is asked for what has to be there before code of the widget runs. */
export function showWidget(means: PortalMeans, widget: Widget, ready: () => Promise<void>): ShownWidget {
  const body = element('div', { class: 'gh-widget-body' })
  const trouble = element('div', { class: 'gh-trouble', attributes: { role: 'alert' } })
  const frame = element('div', {
    class: 'gh-widget',
    attributes: { 'data-widget': widget.id, 'data-type': widget.type },
    children: [body],
  })
  const ends: (() => void)[] = []
  let gone = false
  const fail = (error: unknown): void => {
    if (gone) return
    if (error === undefined) {
      trouble.remove()
      return
    }
    trouble.textContent = `This widget failed. ${messageOf(error)}`
    frame.prepend(trouble)
  }
  const context: WidgetContext = {
    id: widget.id,
    element: body,
    settings: widget.props,
    style: styleOf(means.model.theme, widget.type, widget.props),
    colours: graphColours(means.model.theme),
    read(setting, take) {
      const value = (made: unknown): void => {
        try {
          fail(undefined)
          take(made)
        } catch (error) {
          fail(error)
        }
      }
      ends.push(follow(means, widget.props[setting], { value, failed: fail }))
    },
    gives: (setting) => isWired(widget.props[setting]),
    async give(setting, output) {
      try {
        if (isWired(widget.props[setting])) await giveOut(means, widget.props[setting], output)
        fail(undefined)
        return true
      } catch (error) {
        fail(error)
        return false
      }
    },
    latest: (setting) => sourceOf(means.sources, widget.props[setting])?.latestData(),
    run: (code, datasource) => means.run(code, { datasource }),
    fail,
    notify: (title) => means.notify({ title }),
    whenGone: (act) => ends.push(act),
    waiting(setting) {
      const source = sourceOf(means.sources, widget.props[setting])
      return source === undefined || source.latestData() !== undefined ? undefined : (source.problem() ?? '')
    },
  }
  const start = (kind: WidgetKind): void => {
    if (gone) return
    frame.classList.toggle('gh-drawn', kind.drawn === true)
    const shown = kind.show(context)
    if (shown instanceof Promise) shown.catch(fail)
  }
  void (async () => {
    try {
      await ready()
      // Looked up only now, so that a type with a library does not hold up the others.
      start(await kindNamed(widget.type))
    } catch (error) {
      fail(error)
    }
  })()
  return {
    element: frame,
    narrow: /BUTTON|TOGGLE|INPUT/.test(widget.type),
    remove() {
      gone = true
      for (const end of ends.splice(0)) end()
      frame.remove()
    },
  }
}
