/** Which code a trial or a replay is of: the auth service as it is, another service, an older version, a file. */
import { Autocomplete, Button, FileButton, Group, NumberInput, Text } from '@mantine/core'
import { IconFileCode, IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { serviceNamesQuery } from '../info/access.tsx'
import type { Which } from './trial-shapes.ts'

export function WhichCode({ which, onWhich }: { which: Which; onWhich: (which: Which) => void }) {
  const key = useSystemKey()
  const services = useQuery(serviceNamesQuery(key))
  const [file, setFile] = useState<string>()
  const without = (name: keyof Which): Which => {
    const { [name]: _, ...rest } = which
    return rest
  }
  return (
    <Group align="flex-end" gap="sm">
      <Autocomplete
        label="Service"
        placeholder="The auth service"
        w={240}
        data={services.data ?? []}
        value={which.service ?? ''}
        onChange={(service) =>
          onWhich(service.trim() === '' ? without('service') : { ...which, service: service.trim() })
        }
      />
      <NumberInput
        label="Version"
        placeholder="The current one"
        w={160}
        min={1}
        allowDecimal={false}
        disabled={which.code !== undefined}
        value={which.version ?? ''}
        onChange={(version) => onWhich(version === '' ? without('version') : { ...which, version: Number(version) })}
      />
      {which.code === undefined ? (
        <FileButton
          accept=".js,text/javascript"
          onChange={async (chosen) => {
            if (chosen === null) return
            const { version: _, ...rest } = which
            setFile(chosen.name)
            onWhich({ ...rest, code: await chosen.text() })
          }}
        >
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconFileCode size={16} />}>
              Code from a file
            </Button>
          )}
        </FileButton>
      ) : (
        <Button variant="default" rightSection={<IconX size={14} />} onClick={() => onWhich(without('code'))}>
          Without {file}
        </Button>
      )}
      <Text size="xs" c="dimmed" w="100%">
        Nothing chosen: the auth service as it is. Code from a file is tried and not saved.
      </Text>
    </Group>
  )
}
