/** What a kind of widget is, and what it is given to work with. */
import type { Fields } from '../model/fields.ts'

export type WidgetContext = {
  id: string
  /** Where it shows itself; empty at first. */
  element: HTMLElement
  /** Its settings, with the colours of the theme where it has none of its own. */
  style: Fields
  settings: Fields
  /** Colours of graphs. */
  colours: string[]
  /** Calls with the value of a setting, and again when it changes. */
  read(setting: string, take: (value: unknown) => void): void
  /** Whether a setting is one that gives something out, and leads somewhere. */
  gives(setting: string): boolean
  /** Gives something out by a setting; what fails is shown in this widget. Answers whether it went well. */
  give(setting: string, output: unknown): Promise<boolean>
  /** The newest data of a setting's datasource. */
  latest(setting: string): unknown
  /** Runs code of the widget with `this.datasource`. Throws what the code throws. */
  run(code: string, datasource?: unknown): unknown
  /** Shows that something failed, in this widget only; undefined takes that away. */
  fail(error: unknown): void
  notify(title: string): void
  /** Called when the widget goes. */
  whenGone(act: () => void): void
  /** Why a setting has no data yet; undefined where nothing is to be said. */
  waiting(setting: string): string | undefined
}

export type WidgetKind = {
  show(context: WidgetContext): void | Promise<void>
  /** Keeps its own width where it stands alone in its row. */
  narrow?: true
  /** Needs a height, since what it draws has none of its own. */
  drawn?: true
}
