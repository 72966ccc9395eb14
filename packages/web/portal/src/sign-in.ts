/** The sign-in that a portal needs where nobody may open it without: e-mail and password, then what the system asks for. */
import { type Link, type SignInStep, signInStep } from './api.ts'
import { element } from './frame/dom.ts'
import type { Person } from './session.ts'

/** Resolves when somebody is in. `why` is told above the form. */
export function askForSignIn(root: HTMLElement, link: Link, why: string): Promise<Person> {
  document.title = `Sign in to ${link.name}`
  return new Promise((resolve) => {
    const message = element('div', { class: 'gh-message', text: why, attributes: { role: 'alert' } })
    const place = element('div')
    root.replaceChildren(
      element('main', {
        class: 'gh-sign-in',
        children: [
          element('div', { class: 'gh-card', children: [element('h1', { text: link.name }), message, place] }),
        ],
      }),
    )
    const take = (step: SignInStep): boolean => {
      if (step.state === 'in') {
        resolve({ email: step.email, authToken: step.token })
        return true
      }
      message.textContent = step.state === 'refused' ? step.message : ''
      if (step.state === 'code') showCode(step)
      return step.state === 'code'
    }
    const form = (fields: Node[], label: string, send: () => Promise<SignInStep>): HTMLFormElement => {
      const button = element('button', { class: 'btn btn-primary', text: label, attributes: { type: 'submit' } })
      const made = element('form', { children: [...fields, button] })
      made.addEventListener('submit', async (event) => {
        event.preventDefault()
        button.disabled = true
        message.textContent = ''
        take(await send())
        button.disabled = false
      })
      place.replaceChildren(made)
      made.querySelector('input')?.focus()
      return made
    }
    const showPassword = (): void => {
      const email = input('gh-email', 'E-mail', 'email', 'username')
      const password = input('gh-password', 'Password', 'password', 'current-password')
      form([email.field, password.field], 'Sign in', () => {
        const given = { email: email.box.value.trim(), password: password.box.value }
        password.box.value = ''
        return signInStep(link, { ...given, factor: 1 })
      })
    }
    const showCode = (step: Extract<SignInStep, { state: 'code' }>): void => {
      const code = input('gh-code', 'Code', 'text', 'one-time-code')
      code.box.inputMode = 'numeric'
      const made = form([element('p', { text: step.message }), code.field], 'Continue', () =>
        signInStep(link, { factor: 2, factor_id: step.factorId, code: code.box.value.trim() }),
      )
      const more = element('div', { class: 'gh-more' })
      made.append(more)
      const button = (label: string, act: () => void): void => {
        const one = element('button', { class: 'btn btn-link', text: label, attributes: { type: 'button' } })
        one.addEventListener('click', act)
        more.append(one)
      }
      if (step.canResend) {
        button('Send a new code', async () => {
          message.textContent = ''
          take(await signInStep(link, { factor_id: step.factorId, resend: true }))
        })
      }
      button('Begin again', () => {
        message.textContent = ''
        showPassword()
      })
    }
    showPassword()
  })
}

function input(id: string, label: string, type: string, autocomplete: string) {
  const attributes = { id, type, autocomplete, required: '' }
  const box = element('input', { class: 'form-control', attributes })
  const field = element('div', {
    class: 'gh-field',
    children: [element('label', { text: label, attributes: { for: id } }), box],
  })
  return { box, field }
}
