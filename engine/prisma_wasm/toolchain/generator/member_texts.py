"""The text of the methods that are added to a generated client.

MODEL stands for a model's name; ASYNC and AWAIT for those words, in an asyncio client.
"""

from typing import Final

ACTIONS: Final = '''
    def select(self, record: Type[_RecordT]) -> AsyncSelection[
        _RecordT,
        types.MODELWhereInput,
        types.MODELWhereUniqueInput,
        types.MODELSelectInclude,
        types.MODELOrderByInput,
        types.MODELScalarFieldKeys,
    ]:
        """Read exactly what a type of records holds.

        An extension of prisma-wasm. The answer has the reads of this model; they select the fields
        that `record`, a TypedDict or a pydantic model, declares, and give records of that type.

        Example
        -------
        ```py
        class Short(TypedDict):
            id: int

        records = AWAIT MODEL.prisma().select(Short).find_many(take=10)
        ```
        """
        from prisma_wasm.selection import AsyncSelection

        return AsyncSelection(self._client, self._model, record)

    ASYNC def aggregate(
        self,
        *,
        where: Optional['types.MODELWhereInput'] = None,
        order: Optional[Union['types.MODELOrderByInput', List['types.MODELOrderByInput']]] = None,
        cursor: Optional['types.MODELWhereUniqueInput'] = None,
        take: Optional[int] = None,
        skip: Optional[int] = None,
        count: Optional[Union[bool, 'types.MODELCountAggregateInput']] = None,
        avg: Optional['types.MODELAvgAggregateInput'] = None,
        sum: Optional['types.MODELSumAggregateInput'] = None,
        min: Optional['types.MODELMinAggregateInput'] = None,
        max: Optional['types.MODELMaxAggregateInput'] = None,
    ) -> 'types.MODELAggregateOutput':
        """Calculate figures of all MODEL records that a filter finds.

        An extension of prisma-wasm. The answer holds what was asked for, and no other keys; a
        figure of no records, or of NULLs alone, is None.

        Example
        -------
        ```py
        figures = AWAIT MODEL.prisma().aggregate(count=True)
        figures['_count']['_all']
        ```
        """
        asked = {
            '_count': {'_all': True} if count is True else count,
            '_avg': avg,
            '_sum': sum,
            '_min': min,
            '_max': max,
        }
        result = AWAIT _run_extension(
            self._client,
            method='aggregate',
            model=self._model,
            arguments={
                'where': where,
                'order_by': order,
                'cursor': cursor,
                'take': take,
                'skip': skip,
            },
            root_selection=_select_aggregates(asked),
        )
        return cast('types.MODELAggregateOutput', result)

    ASYNC def create_many_and_return(
        self,
        data: List['types.MODELCreateWithoutRelationsInput'],
        *,
        skip_duplicates: Optional[bool] = None,
    ) -> List[_PrismaModelT]:
        """Create multiple MODEL records at once, and return them.

        An extension of prisma-wasm. The records come in the order of `data`; those that
        `skip_duplicates` skips are not among them.
        """
        result = AWAIT _run_extension(
            self._client,
            method='create_many_and_return',
            model=self._model,
            arguments={
                'data': data,
                'skipDuplicates': skip_duplicates,
            },
        )
        return [model_parse(self._model, r) for r in result]

    ASYNC def update_many_and_return(
        self,
        data: 'types.MODELUpdateManyMutationInput',
        where: 'types.MODELWhereInput',
    ) -> List[_PrismaModelT]:
        """Update multiple MODEL records, and return them as they are afterwards.

        An extension of prisma-wasm. The records come in no certain order.
        """
        result = AWAIT _run_extension(
            self._client,
            method='update_many_and_return',
            model=self._model,
            arguments={
                'data': data,
                'where': where,
            },
        )
        return [model_parse(self._model, r) for r in result]
'''

BATCH_ACTIONS: Final = '''
    def find_unique(
        self,
        where: types.MODELWhereUniqueInput,
        include: Optional[types.MODELInclude] = None,
    ) -> BatchResult[Optional[models.MODEL]]:
        """Find a unique MODEL record; an extension of prisma-wasm."""
        return _read(
            self._batcher, 'find_unique', models.MODEL, {'where': where, 'include': include}
        )

    def find_unique_or_raise(
        self,
        where: types.MODELWhereUniqueInput,
        include: Optional[types.MODELInclude] = None,
    ) -> BatchResult[models.MODEL]:
        """Find a unique MODEL record, or fail the batch; an extension of prisma-wasm."""
        return _read(
            self._batcher,
            'find_unique_or_raise',
            models.MODEL,
            {'where': where, 'include': include},
        )

    def find_first(
        self,
        skip: Optional[int] = None,
        where: Optional[types.MODELWhereInput] = None,
        cursor: Optional[types.MODELWhereUniqueInput] = None,
        include: Optional[types.MODELInclude] = None,
        order: Optional[Union[types.MODELOrderByInput, List[types.MODELOrderByInput]]] = None,
        distinct: Optional[List[types.MODELScalarFieldKeys]] = None,
    ) -> BatchResult[Optional[models.MODEL]]:
        """Find the first MODEL record that matches; an extension of prisma-wasm."""
        return _read(
            self._batcher,
            'find_first',
            models.MODEL,
            {
                'skip': skip,
                'where': where,
                'order_by': order,
                'cursor': cursor,
                'include': include,
                'distinct': distinct,
            },
        )

    def find_many(
        self,
        take: Optional[int] = None,
        skip: Optional[int] = None,
        where: Optional[types.MODELWhereInput] = None,
        cursor: Optional[types.MODELWhereUniqueInput] = None,
        include: Optional[types.MODELInclude] = None,
        order: Optional[Union[types.MODELOrderByInput, List[types.MODELOrderByInput]]] = None,
        distinct: Optional[List[types.MODELScalarFieldKeys]] = None,
    ) -> BatchResult[List[models.MODEL]]:
        """Find multiple MODEL records; an extension of prisma-wasm."""
        return _read(
            self._batcher,
            'find_many',
            models.MODEL,
            {
                'take': take,
                'skip': skip,
                'where': where,
                'order_by': order,
                'cursor': cursor,
                'include': include,
                'distinct': distinct,
            },
        )

    def count(
        self,
        take: Optional[int] = None,
        skip: Optional[int] = None,
        where: Optional[types.MODELWhereInput] = None,
        cursor: Optional[types.MODELWhereUniqueInput] = None,
    ) -> BatchResult[int]:
        """Count MODEL records; an extension of prisma-wasm."""
        return _read(
            self._batcher,
            'count',
            models.MODEL,
            {'take': take, 'skip': skip, 'where': where, 'cursor': cursor},
        )
'''

HELPERS: Final = {
    "Actions": """

_RecordT = TypeVar('_RecordT')

if TYPE_CHECKING:
    from prisma_wasm.selection import AsyncSelection


ASYNC def _run_extension(client: Any, **query: Any) -> Any:
    resp = AWAIT client._execute(**query)
    return resp['data']['result']


def _select_aggregates(asked: Mapping[str, Any]) -> List[str]:
    selected = [
        _select_fields(name, fields)
        for name, fields in asked.items()
        if fields and True in fields.values()
    ]
    if not selected:
        raise TypeError(
            'Ask for at least one figure: count=True, or fields for count, avg, sum, min or max.'
        )
    return selected
""",
    "BatchActions": """
if TYPE_CHECKING:
    from prisma_wasm.batches import BatchResult


def _read(batcher: Batch, method: str, model: Type[BaseModel], arguments: Dict[str, Any]) -> Any:
    from prisma_wasm.batches import read

    return read(batcher, method, model, model_parse, arguments)
""",
}
