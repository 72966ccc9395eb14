/** Modals of a portal: panels over its pages, shown by code under their name. */
import { type Config, change, type Fields, fields, put, remove, text } from './config.ts'
import { removeGrid } from './places.ts'
import { removeWidget } from './widgets.ts'

export const addModal = (config: Config, id: string, name: string): Config =>
  put(config, 'userModals', id, { id, name, title: name })

export const changeModal = (config: Config, id: string, changes: Fields): Config =>
  change(config, 'userModals', id, (modal) => ({ ...modal, ...changes }))

/** With the widgets in it. */
export function removeModal(config: Config, id: string): Config {
  let made = config
  for (const [key, widget] of Object.entries(fields(config.widgets))) {
    if (text(fields(widget).tab) === id) made = removeWidget(made, text(fields(widget).id, key))
  }
  return removeGrid(remove(made, 'userModals', id), { kind: 'modal', id })
}
