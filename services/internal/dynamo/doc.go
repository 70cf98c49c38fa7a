// Package dynamo is the store in one table of DynamoDB.
//
// # Items
//
// Keys are PK and SK. Only partition keys that begin with "agent#" may be touched
// by an agent: its policy is held to them by dynamodb:LeadingKeys. A record is
// deflated JSON in the attribute record (see record.go); what conditions and
// indexes need stands beside it.
//
//	PK                          SK               what
//	call#<id>                   call             record, version, status
//	agent#<call>                claim#<attempt>  record as admitted; holder, nonce, task, taken_at, stop, reference, outcome
//	agent#<batch>               settings         what agents read of a batch
//	batch#<id>                  batch            record, version, state
//	lane#owner#<owner>          lane             ready, schedule, retry, hours, closed, turn, revision
//	lane#batch#<batch>          lane             the same, and the batch's state and counters
//	turns                       owner#<owner>    lanes in turn, turn, revision; expires a week after its last lane left
//	capacity                    capacity         limit, in_use, admitted, rate, stopped, rate_at, backoff, version
//	redrive#<id>                redrive          record, version
//	samples#                    <minute>         what the capacity was: record, at; expires_at eight days after
//	samples#<batch>             <minute>         what a batch's counts were: the same
//	last-samples                last-samples     what the last look at all of them saw: record, at
//	key#<n>#<owner>#<key>       key              record, expires; expires_at a day after
//	rows#<batch>#<0..3>         <chunk>#<part>   accepted rows; expires_at until KeepChunks
//	refused#<batch>             <chunk>#<part>   refused rows; expires_at until KeepChunks
//
// The lane of a batch, its counters and its state are one item, so that an
// admission writes one where it would write three.
//
// # Indexes
//
// All are sparse; an item is in an index while it has the attribute of the index's
// name and that with "_at" behind it. Indexes and CreateTable stand in table.go,
// and infra/data.yaml has the very same.
//
//	index   partition                      order            holds
//	due     due#active#<0..3>              <due>#<id>       active calls
//	        due#other#<0..3>               <due>#<id>       waiting calls with a due, dead letters whose mark is owed, batches, redrives
//	queue   ready#<lane>#<0..1>            <ready at>#<id>  ready calls of a lane
//	        dead                           <position>       dead letters
//	list    lanes#<owner>                  <turn>#<batch>   lanes in turn, with their counts
//	        calls#<owner>                  <position>       single calls
//	        batches#<owner>                <position>       batches
//	        ended#<batch>#<status>#<0..1>  <position>       ended calls of a batch
//	all     waiting                        <lane>           lanes in which a call waits
//	        calls, batches                 <position>       single calls and batches of all owners
//	number  number#<E.164>                 <position>       calls to a number
//
// A position is an id without its kind: a ULID, with a row's ordinal behind it.
//
// # Access patterns
//
// Reads of items, and of turns, are strong; those of indexes lag behind. Requests
// are those of a usual answer.
//
//	who asks                     how                                          requests
//	Call, Batch, Redrive, Claim  GetItem                                      1
//	Capacity, Key, Lane          GetItem                                      1
//	BatchCounts, BatchSettings   GetItem                                      1
//	CountsOfBatches              BatchGetItem                                 1 for 100
//	ActiveBatches                Query of due                                 4
//	LastSamples                  GetItem                                      1
//	CapacitySamples, BatchSamples
//	                             Query of the table, and of what was before   2 (a week: 4)
//	ClaimAndSettings             GetItem, or BatchGetItem with settings       1
//	ReadAhead                    BatchGetItem of records and claims           1
//	Turns                        Query of turns, sorted here                  1
//	Lanes                        Query of list                                1
//	ReadyCalls                   Query of queue, merged                       2 (single calls: 1)
//	Due                          Query of due, merged                         8
//	WaitingLanes                 Query of all, BatchGetItem                   2
//	ListBatches                  Query of list or all, BatchGetItem           2
//	ListDeadLetters              Query of queue, BatchGetItem                 2
//	ListCalls
//	  by number                  Query of number, BatchGetItem                2
//	  of a batch                 ids from batch and ordinal, BatchGetItem     2
//	    in final statuses        Query of list, merged, BatchGetItem          2 and 2 for each status
//	    in active statuses       Query of due, BatchGetItem                   6
//	  in active statuses         Query of due, BatchGetItem                   5
//	  of an owner, or all        single calls (Query of list or all) merged
//	                             with batches, whose calls come as above      3 and 1 for each batch
//	Chunk                        GetItem for each 350 KB                      1
//	Refused                      Query of refused                             1
//	KeepChunks                   5 × Query, UpdateItem for each part
//
// What a list reads past is filtered while paging, until the page is full: an
// owner among dead letters; statuses among an owner's single calls; waiting calls
// among a batch's rows (a batch in which none waits isn't looked through).
//
// # Writes
//
// A write is one TransactWriteItems of all items with all conditions, or, of one
// item, one conditional PutItem or UpdateItem at half the price. The refused
// condition is found in the cancellation reasons, whose order is that of the
// actions, and in the items that they bring.
//
// What becomes of a lane's place in turn follows from the stored lane and turn,
// which are read strongly (one BatchGetItem). A lane that is in turn before and
// after is only counted, and sent to the back when it is served, on the condition
// that it stays in turn: whatever others do to it at the same time. A fill doesn't
// even read the lane of a batch before it serves it. Otherwise lane and turn are
// written if their revision is the one that was read. When the condition fails,
// the write is worked out again.
//
// The SDK repeats reads but no write: a write that is repeated after a lost answer
// meets its own effect. What surely was not written (throttling,
// TransactionConflict) is repeated here a few times; a connection that breaks and
// a 5xx are ErrUnclear.
//
// A transaction has 100 items, so a slice of a batch has MaxSlice calls beside
// batch, lane and turn. Slices of a batch follow each other; at 50 to 100 ms for
// one, about 1,000 to 2,000 rows a second.
//
// # What one key has to bear
//
// A partition takes 1,000 write units a second, and so does an index key. A
// transaction takes two units for each item and kilobyte.
//
//	key                   at 20 launches and ends and 1,000 expanded rows a second       units a second
//	capacity              2 for each admission and each end                              80
//	turns                 2 for each admission; 2 when a lane joins or leaves            under 200
//	lane#batch#           2 for each admission and end, 2 for each slice                 110
//	batch#                2 for each slice                                               20 a KB
//	ready#, of 2          1 for each row, 1 for each admission                           510
//	ended#, of 2          1 for each end; 1 for each row of a canceled batch             510
//	due#active, of 4      8 for each call, 2 a minute for each active one (10,000)       130
//	due#other, of 4       1 for each row that waits for a time                           250
//	list lanes#<owner>    2 for each admission, 1 for each slice                         50
//	calls                 1 for each single call                                         under 200
//	samples#              1 a minute, in a partition for each batch                      under 1
//	last-samples          1 a minute for each KB; it holds 500 batches at most           some 1
//	rows#, of 4           some 15 KB for a chunk of 1,000 rows, written at acceptance    some 400 once
//
// Items whose key has no number of calls in it (call#, agent#, number#) bear
// nothing to speak of. Transactions on one item don't queue: of those under way at
// the same time one is taken, and the others are canceled and try again. That
// bounds what capacity, a lane and an owner's turn take: some 50 to 100 changes a
// second, where 20 launches and 20 ends make 40.
//
// # What a call costs
//
// TestOnLocalStack has the programs lead calls of a batch through their lives, and
// prints the requests and write units of each step. With messages by ten, as they
// come while a batch runs at its full rate, a call takes 12.3 requests and 38 units:
//
//	step                                      requests    units
//	api: its row, accepted                        0.02     0.06    written with its chunk
//	tracker: its row, expanded                    0.20     4.09    the record, its places in the lists, and a share of the slice
//	worker: fill, admit, launch                   3.70    17.00    its record read; admission: record, claim, lane, turn, capacity; its task noted
//	agent: claim, look, reference, outcome        5.00     3.00    a look before the dial, and one a minute of the call
//	tracker: ringing                              1.10     3.00    record and due; what ten are about is read in one request
//	tracker: answered                             1.10     3.00    the same
//	tracker: ended                                1.10     8.00    record, lane's counters, capacity
//	tracker: task-stopped                         0.10     0.00    nothing is left to do
//
// With messages that come alone it takes 20.2 requests.
package dynamo
