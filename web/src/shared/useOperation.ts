// Runs one call and keeps its result; a call that is asked again comes from the cache, and the old result stays while the new one is made.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type Call, runOperation } from './api';

export function useOperation(call: Call | null) {
  return useQuery({
    queryKey: ['run', call],
    queryFn: ({ signal }) => runOperation(call!, signal),
    enabled: call !== null,
    placeholderData: keepPreviousData,
    structuralSharing: false, // an answer is shown whole; comparing it with the last one costs more than showing it
    retry: false,
  });
}
