// Wording under licence: the protocol holds numbers of answers; a site that holds a licence loads the words from its own file.
import { Alert, Button, FileButton, Group, NativeSelect, Paper, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay, useSession } from '../session/session';
import { IconOk } from '../shared/icons';
import { Empty, Failure, Loaded } from '../shared/states';
import { get, part, put } from '../shared/trial';
import { useSites } from '../shared/useSites';

interface Licensed { site: string; instrument: string; language: string; version?: string | null; licence: string; sha256: string; title?: string | null; items: Record<string, { text: string }> }

function Load({ done }: { done: () => void }) {
  const { t } = useTranslation('trial');
  const { user } = useSession();
  const site = useSites();
  const mine = user?.sites ?? [];
  const own = mine.length > 0 ? site.all.filter((s) => mine.includes(s.id)) : site.all;
  const [chosen, setChosen] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [loaded, setLoaded] = useState('');
  const to = chosen || own[0]?.id || '';
  const send = async (file: File | null) => {
    if (!file) return;
    setError(null);
    setLoaded('');
    try {
      const made = await put<{ instrument: string; language: string }>(`/api/texts/${part(to)}`, new Blob([await file.arrayBuffer()], { type: 'text/plain' }));
      setLoaded(t('texts.loaded', { instrument: made.instrument.toUpperCase(), language: t(`language.${made.language}` as 'language.en', { defaultValue: made.language }), site: to }));
      done();
    } catch (e) { setError(e); }
  };
  return (
    <>
      <Group align="flex-end" mb="sm">
        {own.length > 1 && <NativeSelect label={t('people.site')} value={to} onChange={(e) => setChosen(e.currentTarget.value)} data={own.map((s) => ({ value: s.id, label: site.short(s.id) }))} />}
        <FileButton accept=".txt,.yaml,.yml,text/plain" onChange={(file) => void send(file)}>{(props) => <Button {...props}>{t('texts.load')}</Button>}</FileButton>
      </Group>
      {loaded && <p className="status wrap" data-kind="good" role="status"><IconOk />{loaded}</p>}
      {error !== null && <Failure error={error} />}
    </>
  );
}

export function TextsRoom() {
  const { t } = useTranslation('trial');
  const may = useMay();
  const client = useQueryClient();
  const texts = useQuery({ queryKey: ['texts'], queryFn: () => get<{ texts: Licensed[] }>('/api/texts').then((a) => a.texts), staleTime: 0 });
  const done = () => void client.invalidateQueries({ queryKey: ['texts'] });
  return (
    <Paper p="md" className="surface">
      <Title order={2} mb={4}>{t('study.room.texts')}</Title>
      <Text c="dimmed" mb="sm" maw="60rem">{t('texts.text')}</Text>
      {may('ranges') && <Load done={done} />}
      <Loaded query={texts}>
        {(list) => (list.length === 0 ? <Empty>{t('texts.none')}</Empty> : (
          <div className="table-frame" tabIndex={0} role="region" aria-label={t('study.room.texts')}>
            <table className="data roomy">
              <thead><tr><th scope="col">{t('people.site')}</th><th scope="col">{t('texts.instrument')}</th><th scope="col">{t('documents.language')}</th><th scope="col">{t('texts.version')}</th><th scope="col">{t('texts.licence')}</th><th scope="col">SHA-256</th></tr></thead>
              <tbody>
                {list.map((x) => (
                  <tr key={`${x.site}|${x.instrument}|${x.language}`} data-texts={x.instrument}>
                    <th scope="row">{x.site}</th><td>{x.title || x.instrument.toUpperCase()}<div className="quiet">{t('texts.items', { count: Object.keys(x.items).length })}</div></td>
                    <td>{t(`language.${x.language}` as 'language.en', { defaultValue: x.language })}</td><td>{x.version ?? '–'}</td><td className="break">{x.licence}</td><td><code title={x.sha256}>{x.sha256.slice(0, 12)}…</code></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ))}
      </Loaded>
      <Alert color="gray" mt="md" title={t('texts.how')}><Text size="sm">{t('texts.howText')}</Text><pre className="command">{'lumbar-text/1\ninstrument: …\nlanguage: zh\nversion: …\nlicence: …\nsha256: …\n---\ninstruction: …\nitems:\n  - {text: …, codes: {"0": …, "1": …}}'}</pre></Alert>
    </Paper>
  );
}
