/** Starts the console in its page. */
import '@mantine/core/styles.css'
import { MantineProvider, Title } from '@mantine/core'
import { createRoot } from 'react-dom/client'

/** The page's policy lets only styles with this mark in. */
const styleNonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? ''

createRoot(document.querySelector('#root')!).render(
  <MantineProvider defaultColorScheme="auto" getStyleNonce={() => styleNonce}>
    <Title>Gatehouse</Title>
  </MantineProvider>,
)
