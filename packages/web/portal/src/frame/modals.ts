/** The modal panels of a portal (packages-portals-edge.md §3.1): shown over the page, by name. */
import type { Modal } from '../model/model.ts'
import { element } from './dom.ts'
import type { PortalMeans } from './means.ts'
import { showWidgets } from './pane.ts'

export type Modals = { open(name: string): void; close(name?: string): void }

export function createModals(means: PortalMeans): Modals {
  const open = new Map<string, () => void>()
  const named = (name: string): Modal | undefined =>
    means.model.modals.find(({ id, name: own }) => [id, own].some((one) => one.toLowerCase() === name.toLowerCase()))
  const close = (name?: string): void => {
    const ids = name === undefined ? [...open.keys()] : [named(String(name))?.id ?? '']
    for (const id of ids) {
      open.get(id)?.()
      open.delete(id)
    }
  }
  return {
    close,
    open(name) {
      const modal = named(String(name))
      if (modal === undefined || open.has(modal.id)) return
      const grid = element('div')
      const shut = element('button', { class: 'btn-close', attributes: { type: 'button', 'aria-label': 'Close' } })
      const dialog = element('dialog', {
        class: 'gh-modal',
        children: [
          element('div', { class: 'gh-modal-header', children: [element('h2', { text: modal.title }), shut] }),
          grid,
        ],
      })
      shut.addEventListener('click', () => close(modal.id))
      dialog.addEventListener('cancel', (event) => {
        event.preventDefault()
        close(modal.id)
      })
      document.body.append(dialog)
      const end = showWidgets(
        means,
        means.model.widgets.filter(({ tab }) => tab === modal.id),
        grid,
        modal.id,
      )
      dialog.showModal()
      open.set(modal.id, () => {
        end()
        dialog.close()
        dialog.remove()
      })
    },
  }
}
