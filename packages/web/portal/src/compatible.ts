/** Attributes and methods of Bootstrap 3 and 4 that portals use, where Bootstrap 5 calls them otherwise. */
import $ from 'jquery'

const renamed = [
  'toggle',
  'target',
  'dismiss',
  'parent',
  'content',
  'placement',
  'trigger',
  'slide',
  'ride',
  'spy',
  'backdrop',
]

/** `data-toggle` works as `data-bs-toggle`, also on what is added later. */
function rename(root: ParentNode): void {
  for (const name of renamed) {
    for (const element of root.querySelectorAll(`[data-${name}]:not([data-bs-${name}])`)) {
      element.setAttribute(`data-bs-${name}`, element.getAttribute(`data-${name}`)!)
    }
  }
}

new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes)
      if (node instanceof Element && node.parentElement !== null) rename(node.parentElement)
  }
}).observe(document.documentElement, { childList: true, subtree: true })

// jQuery 3 has left these out, and portals are older.
Object.assign($.fn, {
  andSelf: $.fn.addBack,
  size: function size(this: JQuery) {
    return this.length
  },
})
