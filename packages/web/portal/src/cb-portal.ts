/** `CB_PORTAL`, what the page offers to code of the portal (packages-portals-edge.md §3.4, §3.5). */
import type { Loader, Notification } from './frame/dom.ts'
import type { PortalFrame } from './frame/portal.ts'

export type CbPortal = {
  Loader: Loader
  ClearBlade: unknown
  portalModel: unknown
  selectPage(path: string): void
  toggleFlyout(): void
  createNotification(given: Notification | string): void
  Modals: { open(name: string): void; close(name?: string): void }
}

/** `frame` is asked for when it is needed: code may run while the page is being built. */
export function createCbPortal(parts: {
  loader: Loader
  clearBlade: unknown
  portal: unknown
  notify: (given: Notification | string) => void
  frame: () => PortalFrame | undefined
}): CbPortal {
  const later = (act: (frame: PortalFrame) => void): void => {
    const frame = parts.frame()
    if (frame !== undefined) act(frame)
    else setTimeout(() => later(act), 0)
  }
  return {
    Loader: parts.loader,
    ClearBlade: parts.clearBlade,
    portalModel: parts.portal,
    selectPage: (path) => later((frame) => frame.selectPage(path)),
    toggleFlyout: () => later((frame) => frame.toggleFlyout()),
    createNotification: parts.notify,
    Modals: {
      open: (name) => later(({ modals }) => modals.open(name)),
      close: (name) => later(({ modals }) => modals.close(name)),
    },
  }
}
