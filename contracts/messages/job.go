package messages

import "encoding/json"

// Job is a message of the calls queue, a reason to look at something now. It
// is one of three kinds: look at a call (CallID and Attempt), the mark of a
// dead-lettered call (the same with Dead), or look at all lanes (Fill alone).
type Job struct {
	CallID  string `json:"call_id,omitempty"`
	Attempt int    `json:"attempt,omitempty"` // from 1
	Dead    bool   `json:"dead,omitempty"`
	Fill    bool   `json:"fill,omitempty"`
}

// ParseJob reads a job.v1 message. The error says each thing that is wrong with it.
func ParseJob(data []byte) (Job, error) {
	r, err := read(data, JobSchema)
	if err != nil {
		return Job{}, err
	}
	var j Job
	if r.has("fill") {
		j.Fill = r.mark("fill")
	} else {
		j.CallID = r.text("call_id", callID)
		j.Attempt = r.whole("attempt", 1, maxAttempt)
		j.Dead = r.has("dead") && r.mark("dead")
	}
	if err := r.end(); err != nil {
		return Job{}, err
	}
	return j, nil
}

// Encode is the job as a job.v1 message.
func (j Job) Encode() []byte {
	data, err := json.Marshal(struct {
		Schema string `json:"schema"`
		Job
	}{JobSchema, j})
	if err != nil {
		panic(err) // strings, numbers and booleans always have a JSON form
	}
	return data
}
