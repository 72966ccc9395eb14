/** BUTTON_WIDGET_COMPONENT: gives something out when it is pressed. */
import { element as make } from '../frame/dom.ts'
import { text } from '../model/fields.ts'
import { safeColour } from '../model/theme.ts'
import type { WidgetKind } from './widget.ts'

export const buttonWidget: WidgetKind = {
  narrow: true,
  show({ element, style, settings, give }) {
    const button = make('button', {
      class: 'btn gh-button',
      text: text(settings.label, 'Button'),
      attributes: { type: 'button' },
    })
    const colour = (name: string, fallback: string) => safeColour(text(style[name]), fallback)
    const set = (name: string, value: string) => button.style.setProperty(`--bs-btn-${name}`, value)
    set('bg', colour('backgroundColor', '#f5f5f5'))
    set('hover-bg', colour('backgroundHoverColor', '#c2c2c2'))
    set('active-bg', colour('backgroundHoverColor', '#c2c2c2'))
    set('border-color', colour('borderColor', '#cccccc'))
    set('hover-border-color', colour('borderColor', '#cccccc'))
    for (const name of ['color', 'hover-color', 'active-color']) set(name, colour('fontColor', '#000000'))
    button.addEventListener('click', async () => {
      button.disabled = true
      await give('eventTarget', { label: button.textContent })
      button.disabled = false
    })
    element.append(button)
  },
}
