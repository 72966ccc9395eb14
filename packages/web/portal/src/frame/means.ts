/** What everything on the page of one portal works with. */
import type { RunCode } from '../code/run.ts'
import type { Sources } from '../data/source.ts'
import type { PortalModel } from '../model/model.ts'
import type { Notification } from './dom.ts'

export type PortalMeans = {
  model: PortalModel
  sources: Sources
  run: RunCode
  notify: (given: Notification) => void
  /** Settled when the scripts of the portal, and those given, are there or did not come. */
  scripts: (urls: readonly string[]) => Promise<void>
}
